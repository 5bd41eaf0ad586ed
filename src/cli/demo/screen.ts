import type { Context } from '../context.ts'

const FRAME_MS = 125

/**
 * A picture that stays at the bottom while lines are printed above it. On a terminal it is drawn anew several times a second; anywhere else
 * it is printed once after each line.
 */
export class Screen {
  readonly #context: Context
  readonly #picture: () => readonly string[]
  #drawn = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(context: Context, picture: () => readonly string[]) {
    this.#context = context
    this.#picture = picture
    if (context.io.out.isTerminal) {
      this.#draw()
      this.#timer = setInterval(() => {
        this.#erase()
        this.#draw()
      }, FRAME_MS)
    }
  }

  /** A line above the picture. */
  print(line: string): void {
    this.#erase()
    this.#context.say(line)
    this.#draw()
  }

  /** Leave the picture as it is. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#timer) {
      this.#erase()
      this.#draw()
    }
    this.#timer = undefined
    this.#drawn = 0
  }

  #draw(): void {
    const lines = this.#picture()
    for (const line of lines) this.#context.say(line)
    this.#drawn = lines.length
  }

  #erase(): void {
    if (this.#timer && this.#drawn > 0) this.#context.io.out.write(`\u001b[${this.#drawn}A\u001b[0J`)
    this.#drawn = 0
  }
}
