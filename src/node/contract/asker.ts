/**
 * Who asks for data, where it is not the people of this node: a member by its did, or null for somebody outside; what for, as a
 * full IRI; and under which agreement alone. What is left out of the latter two is found where only one fits.
 */
export type Asker = { readonly requester?: string | null | undefined, readonly purpose?: string | undefined, readonly agreementId?: string | undefined }
