/**
 * Waiting for abort signals without leaving anything behind. A signal may live as long as the program, and calls come
 * by the million: each signal gets one listener, and that only while somebody waits. `AbortSignal.any` keeps memory
 * for every signal that was ever combined.
 */

class Watch {
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<() => void>();
  readonly #fire = (): void => {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(wake: () => void): () => void {
    // A function of its own: the same `wake` may wait twice.
    const entry = () => wake();
    if (this.#waiting.size === 0) this.#signal.addEventListener("abort", this.#fire, { once: true });
    this.#waiting.add(entry);
    return () => {
      if (this.#waiting.delete(entry) && this.#waiting.size === 0) {
        this.#signal.removeEventListener("abort", this.#fire);
      }
    };
  }
}

const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `wake` when the signal fires, at once if it has, unless the returned function is called first. */
export function onAbort(signal: AbortSignal, wake: () => void): () => void {
  if (signal.aborted) {
    wake();
    return () => undefined;
  }
  let watch = watches.get(signal);
  if (watch === undefined) watches.set(signal, (watch = new Watch(signal)));
  return watch.add(wake);
}

/**
 * What `work` gives, or a rejection with the signal's reason, whichever comes first. What comes later is dropped, also
 * a late rejection.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason as Error));
    work.then(resolve, reject).finally(stop);
  });
}

/** A signal must find its controller as long as it is held itself, and no longer. */
const controllers = new WeakMap<AbortSignal, AbortController>();
const unwatch = new FinalizationRegistry<() => void>((stop) => stop());

/** A signal that fires with the first of these. It may be dropped at any time, and is then forgotten by all of them. */
export function firstOf(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  const held = new WeakRef(controller);
  const stops = signals.map((signal) => onAbort(signal, () => held.deref()?.abort(signal.reason)));
  controllers.set(controller.signal, controller);
  unwatch.register(controller, () => stops.forEach((stop) => stop()));
  return controller.signal;
}
