import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually';

const MAIN = join(__dirname, '..', '..', 'dist', 'src', 'main.js');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The built server in a process of its own, as `npm start` leaves it. */
export class ServerProgram {
  stdout = '';
  stderr = '';
  /** Resolves when the process has ended and all it printed has been read. */
  readonly ended: Promise<Ended>;
  private hasEnded = false;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.hasEnded = true;
        resolve({ code, signal });
      }),
    );
  }

  /** Starts it with this environment and nothing else of ours; does not wait. */
  static start(env: Record<string, string>): ServerProgram {
    if (!existsSync(MAIN)) throw new Error('The server is not built: run `npm run build`.');
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, PORT: '0', RATE_LIMIT_PER_MINUTE: '0', LOG_FORMAT: 'json', ...env },
    });
    return new ServerProgram(child);
  }

  /** Waits until it listens. @returns its address. @throws Error with what it printed when it ends instead */
  async listening(): Promise<string> {
    return eventually('the server to listen', () => {
      if (this.hasEnded) throw new Error(`The server ended: ${this.stdout}${this.stderr}`);
      return /"event":"listening".*?"url":"([^"]+)"/.exec(this.stdout)?.[1];
    });
  }

  /** Ends it and waits for that. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
