import type { ChildProcess } from 'node:child_process';
import type { ToolExit } from './tool-process';

/**
 * Waits until a process has really been started. A failure to start comes as `error` and never as `exit`.
 *
 * @returns its pid.
 */
export function whenSpawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      child.off('error', reject);
      // A failed signal is reported here as well, and is not the end of anything.
      child.on('error', () => undefined);
      if (child.pid === undefined) reject(new Error('the process has no pid'));
      else resolve(child.pid);
    });
  });
}

/** How a process ended. To be called in the tick in which it was started. */
export function whenExited(child: ChildProcess): Promise<ToolExit> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}
