/** How the node is and what it is told: health with causes and fixes, who may use it, storage, network, keys, this browser, the program. */
export { default as Page } from './Settings.svelte'
