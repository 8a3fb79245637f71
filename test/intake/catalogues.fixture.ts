/** One dataset as other portals tell of it, in each syntax: what the test of harvesting reads, and what its fuzzing begins with. */

export const TURTLE = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix locn: <http://www.w3.org/ns/locn#> . @prefix gsp: <http://www.opengis.net/ont/geosparql#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
<https://portal.example/catalog> a dcat:Catalog ; dct:title "Portal" ; dcat:dataset <https://portal.example/dataset/bins>, [ a dcat:Dataset ] .
<https://portal.example/dataset/bins> a dcat:Dataset ;
  dct:title "Bins"@en, "Müllbehälter"@de ; dct:description "Where they stand"@en ; dct:identifier "4711" ;
  dct:publisher [ a foaf:Agent ; foaf:name "City of Example" ] ; dcat:landingPage <https://portal.example/bins.html> ; dcat:keyword "waste"@en, "bins"@en ;
  dct:issued "2020-05-01"^^xsd:date ; dct:modified "2023-11-01T10:00:00+01:00"^^xsd:dateTime ;
  dct:spatial [ a dct:Location ; dcat:bbox "POLYGON((9.7 53.4,10.3 53.4,10.3 53.7,9.7 53.7,9.7 53.4))"^^gsp:wktLiteral ] ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "2020-01-01"^^xsd:date ; dcat:endDate "2020-12-31"^^xsd:date ] ;
  dcat:distribution <https://portal.example/bins#csv> .
<https://portal.example/bins#csv> a dcat:Distribution ; dct:title "Table" ; dcat:accessURL <https://portal.example/bins.html> ; dcat:downloadURL <https://portal.example/bins.csv> ;
  dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ; dct:license <https://creativecommons.org/licenses/by/4.0/> ; dcat:byteSize "1234"^^xsd:nonNegativeInteger .
`

export const RDF_XML = `<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:dct="http://purl.org/dc/terms/" xmlns:foaf="http://xmlns.com/foaf/0.1/">
  <dcat:Catalog rdf:about="https://portal.example/catalog"><dct:title>Portal</dct:title>
    <dcat:dataset><dcat:Dataset rdf:about="/dataset/bins">
      <dct:title xml:lang="de">Müllbehälter</dct:title><dct:title xml:lang="en">Bins</dct:title><dct:description xml:lang="en">Where they stand</dct:description>
      <dct:identifier>4711</dct:identifier><dct:publisher rdf:nodeID="city"/><dcat:landingPage rdf:resource="https://portal.example/bins.html"/>
      <dcat:keyword xml:lang="en">waste</dcat:keyword><dcat:keyword xml:lang="en">bins</dcat:keyword>
      <dct:issued rdf:datatype="http://www.w3.org/2001/XMLSchema#date">2020-05-01</dct:issued>
      <dct:modified rdf:datatype="http://www.w3.org/2001/XMLSchema#dateTime">2023-11-01T10:00:00+01:00</dct:modified>
      <dct:spatial><dct:Location><dcat:bbox rdf:datatype="http://www.opengis.net/ont/geosparql#wktLiteral">POLYGON((9.7 53.4,10.3 53.4,10.3 53.7,9.7 53.7,9.7 53.4))</dcat:bbox></dct:Location></dct:spatial>
      <dct:temporal rdf:parseType="Resource"><dcat:startDate>2020-01-01</dcat:startDate><dcat:endDate>2020-12-31</dcat:endDate></dct:temporal>
      <dcat:distribution rdf:resource="https://portal.example/bins#csv"/>
    </dcat:Dataset></dcat:dataset>
    <dcat:dataset><dcat:Dataset/></dcat:dataset>
  </dcat:Catalog>
  <foaf:Agent rdf:nodeID="city" foaf:name="City of Example"/>
  <rdf:Description rdf:about="https://portal.example/bins#csv"><rdf:type rdf:resource="http://www.w3.org/ns/dcat#Distribution"/><dct:title>Table</dct:title>
    <dcat:accessURL rdf:resource="https://portal.example/bins.html"/><dcat:downloadURL rdf:resource="https://portal.example/bins.csv"/>
    <dcat:mediaType rdf:resource="http://www.iana.org/assignments/media-types/text/csv"/><dct:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>
    <dcat:byteSize>1234</dcat:byteSize></rdf:Description>
</rdf:RDF>
`

export const JSON_LD: string = JSON.stringify({
  '@context': {
    'dcat': 'http://www.w3.org/ns/dcat#', 'dct': 'http://purl.org/dc/terms/', 'foaf': 'http://xmlns.com/foaf/0.1/', 'id': '@id', 'title': { '@id': 'dct:title', '@container': '@language' },
    'landingPage': { '@id': 'dcat:landingPage', '@type': '@id' }, 'dataset': 'dcat:dataset'
  },
  '@graph': [
    { 'id': 'https://portal.example/catalog', '@type': 'dcat:Catalog', 'dataset': [{ '@id': 'https://portal.example/dataset/bins' }, { '@type': 'dcat:Dataset' }] },
    {
      '@id': 'https://portal.example/dataset/bins', '@type': ['dcat:Dataset'], 'title': { en: 'Bins', de: 'Müllbehälter' }, 'dct:description': { '@value': 'Where they stand', '@language': 'en' },
      'dct:identifier': '4711', 'dct:publisher': { '@type': 'foaf:Agent', 'foaf:name': 'City of Example' }, 'landingPage': 'https://portal.example/bins.html',
      'dcat:keyword': [{ '@value': 'waste', '@language': 'en' }, { '@value': 'bins', '@language': 'en' }], 'dct:issued': { '@value': '2020-05-01', '@type': 'http://www.w3.org/2001/XMLSchema#date' },
      'dct:modified': '2023-11-01T10:00:00+01:00', 'dct:spatial': { 'dcat:bbox': { '@value': 'POLYGON((9.7 53.4,10.3 53.4,10.3 53.7,9.7 53.7,9.7 53.4))' } },
      'dct:temporal': { 'dcat:startDate': '2020-01-01', 'dcat:endDate': '2020-12-31' }, 'dcat:distribution': { '@id': 'https://portal.example/bins#csv' }
    },
    {
      '@id': 'https://portal.example/bins#csv', '@type': 'dcat:Distribution', 'dct:title': 'Table', 'dcat:accessURL': { '@id': 'https://portal.example/bins.html' },
      'dcat:downloadURL': { '@id': 'https://portal.example/bins.csv' }, 'dcat:mediaType': { '@id': 'http://www.iana.org/assignments/media-types/text/csv' },
      'dct:license': { '@id': 'https://creativecommons.org/licenses/by/4.0/' }, 'dcat:byteSize': 1234
    }
  ]
})

/** One page of `package_search` of CKAN. */
export function ckanPage (ids: readonly string[], count: number): string {
  const results = ids.map(id => ({
    id, name: `name-${id}`, title: `Title ${id}`, notes: 'About', license_id: 'cc-by', license_url: 'https://creativecommons.org/licenses/by/4.0/', organization: { title: 'City' },
    tags: [{ name: 'waste', display_name: 'Waste' }], groups: [{ name: 'env', title: 'Environment' }], state: 'active', private: false, metadata_created: '2020-05-01T08:00:00.123456',
    metadata_modified: '2023-11-01T09:00:00', extras: [{ key: 'spatial', value: '{"type":"Point","coordinates":[10.1,53.5]}' }],
    resources: [{ id: `${id}-r`, name: 'PDF', url: `https://ckan.example/${id}.pdf`, format: 'PDF' }, { id: `${id}-g`, name: 'Map', url: `https://ckan.example/${id}.json`, format: 'GeoJSON', size: 99 }]
  }))
  return JSON.stringify({ success: true, result: { count, results } })
}
