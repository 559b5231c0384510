/** A level meter for the microphone. */

const STEPS = 5;
/** The level of the highest step, as root mean square of samples from -1 to 1. */
const LOUD = 0.25;
const INTERVAL_MS = 80;

/** Shows how loud a track is in `element` as `data-level`, 0 to 5, until aborted. */
export function showLevel(track: MediaStreamTrack, element: HTMLElement, signal: AbortSignal) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // The square root is closer to perceived loudness.
    const level = Math.sqrt(Math.sqrt(power) / LOUD);
    element.dataset["level"] = String(Math.min(STEPS, Math.round(level * STEPS)));
  }, INTERVAL_MS);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    element.dataset["level"] = "0";
    void context.close();
  });
}
