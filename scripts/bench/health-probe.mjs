import { setTimeout as sleep } from 'node:timers/promises';
import { timed } from './figures.mjs';

const PROBE_EVERY_MS = 50;

/** Asks a server again and again whether it lives. @returns `end`, which gives how long each answer took, in ms */
export function probeHealth(url) {
  let isOver = false;
  const latencies = [];
  const probing = (async () => {
    while (!isOver) {
      latencies.push(await timed(() => fetch(`${url}/health/live`).then((response) => response.text())));
      await sleep(PROBE_EVERY_MS);
    }
  })();
  return {
    async end() {
      isOver = true;
      await probing;
      return latencies;
    },
  };
}
