/**
 * Makes a promise abortable: when `signal` is aborted, rejects with its reason at once. If `promise`
 * resolves after that, `undo` is called.
 */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  undo?: () => void,
): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason);
      promise.then(undo, () => {});
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const settled = () => signal.removeEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(settled);
  });
}
