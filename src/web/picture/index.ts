/**
 * Shows a map whose pictures the processor draws, for want of a graphics card. There a browser waits for each of them when it puts the
 * page together, and the page stands still for as long: it reads the pixels of the map's canvas back. So that canvas is seen through, and
 * the browser leaves it alone; its pixels are fetched once they are drawn, and put on a canvas below it. No picture is begun while one is
 * under way: they come as fast as they can be drawn, and the page goes on meanwhile.
 */
import type { Map as MapOfLibrary } from 'maplibre-gl'

const DRAWN_BY_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i
/** What Chromium and Safari say in place of the renderer's name. */
const HIDDEN = 'WebKit WebGL'
const LOOK_AGAIN_MS = 4
const BYTES_PER_PIXEL = 4

/** `onIdle`: whether all that there is to draw is to be seen. */
export function showPictures (map: MapOfLibrary, onIdle: (isIdle: boolean) => void): void {
  let isDrawn = false
  const gl = map.getCanvas().getContext('webgl2')
  // Where a graphics card draws nobody waits.
  const pictures = gl !== null && isDrawnByProcessor(gl) ? new Pictures(map, gl, () => { if (isDrawn) onIdle(true) }) : undefined
  map.on('idle', () => {
    isDrawn = true
    if (pictures?.isUnderWay !== true) onIdle(true)
  })
  map.on('dataloading', () => {
    isDrawn = false
    onIdle(false)
    map.triggerRepaint()
  })
}

function isDrawnByProcessor (gl: WebGL2RenderingContext): boolean {
  return DRAWN_BY_PROCESSOR.test(rendererOf(gl))
}

/** Firefox names the renderer by itself, and warns of whoever asks for the extension; others tell it by the extension alone. */
function rendererOf (gl: WebGL2RenderingContext): string {
  const named = String(gl.getParameter(gl.RENDERER))
  const facts = named === HIDDEN ? gl.getExtension('WEBGL_debug_renderer_info') : null
  return facts === null ? named : String(gl.getParameter(facts.UNMASKED_RENDERER_WEBGL))
}

class Pictures {
  readonly #map: MapOfLibrary
  readonly #gl: WebGL2RenderingContext
  readonly #onShown: () => void
  readonly #shown = document.createElement('canvas')
  #image = new ImageData(1, 1)
  /** Where its pixels come to; gone with the context. */
  #buffer: WebGLBuffer | null = null
  #drawn: WebGLSync | null = null
  #isWanted = false

  constructor (map: MapOfLibrary, gl: WebGL2RenderingContext, onShown: () => void) {
    this.#map = map
    this.#gl = gl
    this.#onShown = onShown
    // Lines of pixels come from below.
    Object.assign(this.#shown.style, { position: 'absolute', inset: '0', inlineSize: '100%', blockSize: '100%', transform: 'scaleY(-1)', pointerEvents: 'none' })
    this.#shown.ariaHidden = 'true'
    const canvas = map.getCanvas()
    canvas.before(this.#shown)
    canvas.style.opacity = '0'
    canvas.addEventListener('webglcontextlost', () => { this.#buffer = null })
    const repaint = map.triggerRepaint.bind(map)
    map.triggerRepaint = () => {
      if (this.isUnderWay) this.#isWanted = true
      else repaint()
    }
    map.on('render', () => { this.#fetch() })
  }

  get isUnderWay (): boolean {
    return this.#drawn !== null
  }

  #fetch (): void {
    const gl = this.#gl
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl
    const isNew = this.#buffer === null || this.#image.width !== width || this.#image.height !== height
    if (isNew) this.#image = new ImageData(width, height)
    this.#buffer ??= gl.createBuffer()
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#buffer)
    if (isNew) gl.bufferData(gl.PIXEL_PACK_BUFFER, width * height * BYTES_PER_PIXEL, gl.STREAM_READ)
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, 0)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    // The map may draw by itself while one is under way, as when its size changes: then the newer one is waited for.
    const isLooking = this.isUnderWay
    gl.deleteSync(this.#drawn)
    this.#drawn = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
    gl.flush()
    if (!isLooking) this.#look()
  }

  #look (): void {
    if (this.#drawn === null) return
    if (this.#gl.isContextLost()) this.#end()
    else if (this.#gl.getSyncParameter(this.#drawn, this.#gl.SYNC_STATUS) === this.#gl.SIGNALED) this.#show()
    else setTimeout(() => { this.#look() }, LOOK_AGAIN_MS)
  }

  #show (): void {
    const gl = this.#gl
    const { width, height, data } = this.#image
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#buffer)
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, data)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    if (this.#shown.width !== width) this.#shown.width = width
    if (this.#shown.height !== height) this.#shown.height = height
    this.#shown.getContext('2d')?.putImageData(this.#image, 0, 0)
    const isWanted = this.#isWanted
    this.#end()
    if (isWanted) this.#map.triggerRepaint()
    else this.#onShown()
  }

  #end (): void {
    this.#gl.deleteSync(this.#drawn)
    this.#drawn = null
    this.#isWanted = false
  }
}
