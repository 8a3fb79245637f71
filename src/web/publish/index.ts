/**
 * Publishes in two minutes: a file that is dropped, looked at by the node and described by what was found in it; or what an address,
 * a broker or a program brings from now on.
 *
 * A file is sent once. Nothing of it is published before its terms are reviewed on this page, and columns that seem to tell about people
 * are left out until somebody says otherwise. By terms for less detail all of it is published to nobody, and what they leave of it is
 * derived, as `hanse publish --terms` does.
 */
export { default as Page } from './Publish.svelte'
