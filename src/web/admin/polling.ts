/** Asking again and again, as long as somebody looks. */

/**
 * Runs a task now and again while the page is visible, once at a time.
 *
 * @param task resolves with the milliseconds until the next time; never rejects
 * @returns runs it at once; if it is running, once more after that
 */
export function pollWhileVisible(task: () => Promise<number>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsked = false;
  let isRunning = false;

  async function run(): Promise<void> {
    isAsked = true;
    if (isRunning) return;
    isRunning = true;
    clearTimeout(timer);
    let pauseMs = 0;
    while (isAsked && !document.hidden) {
      isAsked = false;
      pauseMs = await task();
    }
    isRunning = false;
    if (!document.hidden) timer = setTimeout(run, pauseMs);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else run();
  });
  return run;
}
