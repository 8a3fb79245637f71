import type { Map as MapOfLibrary } from 'maplibre-gl'
import type { Box } from '../../sdk/index.ts'
import { boxBetween } from './geometry.ts'

/**
 * Lets a box be drawn with mouse, pen or finger: while it is on, or with the shift key held. Four fields beside the map say the same
 * without a pointer.
 */
export class Drawing {
  isOn = false
  readonly #map: MapOfLibrary
  readonly #onBox: (box: Box, isDone: boolean) => void
  #from: { readonly lng: number, readonly lat: number } | undefined

  constructor (map: MapOfLibrary, onBox: (box: Box, isDone: boolean) => void) {
    this.#map = map
    this.#onBox = onBox
    map.boxZoom.disable()
    const element = map.getCanvasContainer()
    element.addEventListener('pointerdown', event => { this.#begin(event) }, true)
    element.addEventListener('pointermove', event => { this.#go(event, false) }, true)
    element.addEventListener('pointerup', event => { this.#go(event, true) }, true)
    element.addEventListener('pointercancel', () => { this.#end() })
  }

  set (isOn: boolean): void {
    this.isOn = isOn
    this.#map.getCanvas().style.cursor = isOn ? 'crosshair' : ''
    if (isOn) this.#map.dragPan.disable()
    else this.#map.dragPan.enable()
  }

  #begin (event: PointerEvent): void {
    if (event.button !== 0 || !(this.isOn || event.shiftKey)) return
    this.#from = this.#at(event)
    this.#map.dragPan.disable()
    this.#map.getCanvasContainer().setPointerCapture(event.pointerId)
  }

  #go (event: PointerEvent, isDone: boolean): void {
    if (this.#from === undefined) return
    const box = boxBetween(this.#from, this.#at(event))
    if (isDone) this.#end()
    if (box !== null) this.#onBox(box, isDone)
  }

  #end (): void {
    this.#from = undefined
    this.set(false)
  }

  #at (event: PointerEvent): { readonly lng: number, readonly lat: number } {
    const { left, top } = this.#map.getCanvas().getBoundingClientRect()
    return this.#map.unproject([event.clientX - left, event.clientY - top])
  }
}
