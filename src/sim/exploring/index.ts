export { explore, Exploration, type Explored, type ExploreOptions } from './explore.ts'
