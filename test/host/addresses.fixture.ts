/** Addresses that no stranger may lead this node to, and the ways in which they are written to get past a check. */

export const V4 = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200', '100.127.255.255', '127.0.0.1', '127.0.0.2', '127.255.255.254', '169.254.0.1',
  '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.0.8', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1',
  '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'
]
export const V6 = [
  '::', '::1', '::2', '::7f00:1', '::127.0.0.1', '::10.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::ffff:192.168.0.1',
  '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:7f00:1::', '2001:10::1', '2001:20::1',
  '2001:db8::1', '2002:7f00:1::', '2002:a00:1::', '2002:a9fe:a9fe::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00::1', 'fd00:ec2::254', 'fdff:ffff::1', 'fe80::1', 'fe80::ffff:1', 'febf::1',
  'fec0::1', 'ff00::1', 'ff02::1', 'ff05::2', 'ffff::1', '0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:0000:0000:0001', '0:0:0:0:0:ffff:7f00:1'
]
export const PUBLIC = [
  '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0',
  '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1111', '2a00:1450::1', '2001:200::1', '2003::1'
]

type Spelling = readonly [name: string, spell: (address: readonly number[]) => string]

const octal = (part: number): string => `0${part.toString(8)}`
const hex = (part: number): string => `0x${part.toString(16)}`
const number = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0)
const encoded = (text: string): string => text.replaceAll(/./g, character => `%${character.charCodeAt(0).toString(16)}`)

export const SPELLINGS_V4: readonly Spelling[] = [
  ['decimal', address => address.join('.')],
  ['octal', address => address.map(octal).join('.')],
  ['padded octal', address => address.map(part => `0000${octal(part)}`).join('.')],
  ['hexadecimal', address => address.map(hex).join('.')],
  ['capital hexadecimal', address => address.map(part => `0X${part.toString(16).toUpperCase()}`).join('.')],
  ['padded hexadecimal', address => address.map(part => `0x0000${part.toString(16)}`).join('.')],
  ['one decimal number', address => String(number(address))],
  ['one hexadecimal number', address => hex(number(address))],
  ['one octal number', address => octal(number(address))],
  ['two parts', ([a = 0, ...rest]) => `${a}.${number(rest)}`],
  ['two parts, hexadecimal', ([a = 0, ...rest]) => `${hex(a)}.${hex(number(rest))}`],
  ['three parts', ([a = 0, b = 0, ...rest]) => `${a}.${b}.${number(rest)}`],
  ['three parts, octal', ([a = 0, b = 0, ...rest]) => `${octal(a)}.${octal(b)}.${octal(number(rest))}`],
  ['mixed', ([a = 0, b = 0, c = 0, d = 0]) => `${hex(a)}.${b}.${octal(c)}.${d}`],
  ['a dot behind', address => `${address.join('.')}.`],
  ['a number with a dot behind', address => `${number(address)}.`],
  ['wide digits', address => address.join('.').replaceAll(/\d/g, digit => String.fromCharCode(0xff10 + Number(digit)))],
  ['mathematical digits', address => address.join('.').replaceAll(/\d/g, digit => String.fromCodePoint(0x1d7d8 + Number(digit)))],
  ['wide dots', address => address.join('．')],
  ['ideographic dots', address => address.join('。')],
  ['halfwidth dots', address => address.join('｡')],
  ['wide hexadecimal', address => address.map(part => `０ｘ${part.toString(16)}`).join('.')],
  ['percent-encoded', address => encoded(address.join('.'))],
  ['percent-encoded dots', address => address.join('%2e')],
  ['percent-encoded wide dots', address => address.join('%EF%BC%8E')],
  ['soft hyphens', address => address.join('.').split('').join('\u00ad')],
  ['a word joiner', address => `\u2060${address.join('.')}`],
  ['a tab within', ([a = 0, ...rest]) => `${String(a).slice(0, 1)}\t${String(a).slice(1)}.${rest.join('.')}`],
  ['a line break within', ([a = 0, ...rest]) => `${a}.\n${rest.join('.')}`]
]

/** Ways to write an address around a host. */
export const SHAPES: readonly (readonly [name: string, shape: (host: string) => string])[] = [
  ['capital scheme', host => `HTTPS://${host}/`],
  ['no slashes', host => `https:${host}/`],
  ['one slash', host => `https:/${host}/`],
  ['three slashes', host => `https:///${host}/`],
  ['backslashes', host => `https:\\\\${host}\\`],
  ['mixed slashes', host => `https:/\\${host}/`],
  ['blanks around', host => `  https://${host}/  `],
  ['control characters before', host => `\u0000\u001fhttps://${host}/`],
  ['a tab in the scheme', host => `ht\ttps://${host}/`],
  ['a public name in the path', host => `https://${host}/city.example/`],
  ['a public name in the query', host => `https://${host}?x=city.example`]
]

/** Forms of IPv6 that carry an address of IPv4. */
export const EMBEDDED_V6: readonly (readonly [name: string, embed: (high: string, low: string) => string])[] = [
  ['mapped', (high, low) => `::ffff:${high}:${low}`],
  ['compatible', (high, low) => `::${high}:${low}`],
  ['translated', (high, low) => `::ffff:0:${high}:${low}`],
  ['NAT64', (high, low) => `64:ff9b::${high}:${low}`],
  ['local NAT64', (high, low) => `64:ff9b:1::${high}:${low}`],
  ['6to4', (high, low) => `2002:${high}:${low}::1`],
  ['Teredo server', (high, low) => `2001:0:${high}:${low}::1`],
  ['Teredo client', (high, low) => `2001:0:808:404::${(0xffff - parseInt(high, 16)).toString(16)}:${(0xffff - parseInt(low, 16)).toString(16)}`],
  ['ISATAP', (high, low) => `fe80::5efe:${high}:${low}`]
]

/** Beside each, where there is one, the same without what is wrong about it. */
export const OTHER_URLS: readonly (readonly [url: string, control?: string])[] = [
  ['http://8.8.4.4/', 'https://8.8.4.4/'], ['ftp://8.8.4.4/'], ['file:///etc/passwd'], ['file://8.8.4.4/etc/passwd'], ['gopher://8.8.4.4/'], ['dict://8.8.4.4:443/'], ['ldap://8.8.4.4/'],
  ['jar:https://8.8.4.4/!/'], ['data:text/plain,x'], ['javascript:1'], ['ws://8.8.4.4/'], ['wss://8.8.4.4/'], ['netdoc:///etc/passwd'], ['unix:/run/docker.sock'], ['about:blank'], ['blob:https://8.8.4.4/x'],
  ['https://8.8.4.4:22/', 'https://8.8.4.4:443/'], ['https://8.8.4.4:25/'], ['https://8.8.4.4:2375/'], ['https://8.8.4.4:6379/'], ['https://8.8.4.4:11211/'], ['https://8.8.4.4:0/'], ['https://8.8.4.4:65536/'], ['https://8.8.4.4:8443/', 'https://8.8.4.4:80/'],
  ['https://user@8.8.4.4/', 'https://8.8.4.4/@'], ['https://user:secret@8.8.4.4/'], ['https://:secret@8.8.4.4/'], ['https://@8.8.4.4/'], ['https://:@8.8.4.4/', 'https:\\\\8.8.4.4\\@127.0.0.1/'], ['https://8.8.4.4@127.0.0.1/'], ['https://127.0.0.1@8.8.4.4/'],
  ['https://8.8.4.4%40@127.0.0.1/'], ['https://8.8.4.4:443@127.0.0.1:443/'], ['https://8.8.4.4#@127.0.0.1/'], ['https:user@8.8.4.4/'],
  ['https://8.8.4.4/#x', 'https://8.8.4.4/x'], ['https://8.8.4.4/#'], ['https://8.8.4.4#'],
  ['https://[fe80::1%25eth0]/', 'https://[2606:4700::1111]/'], ['https://[fe80::1%eth0]/'], ['https://[::1'], ['https://::1/'], ['https://[127.0.0.1]/'], ['https://256.256.256.256/'], ['https://1.2.3.4.5/'], ['https://0x100000000/'],
  ['https://127.0.0.1%00.city.example/'], ['https://127.0.0.1%20.city.example/'], ['https://127.0.0.1 .city.example/'], ['https://ex%2fample/'], ['https://'], ['https:///'], ['//8.8.4.4/'], ['8.8.4.4'], ['nonsense'], ['']
]
