import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of one call, all in its folder. */
export class CallFiles {
  constructor(readonly directory: string) {}

  /** Which process answers this call. Written before the request is sent: without it, nothing was started. */
  get record(): string {
    return join(this.directory, 'call.json');
  }

  /** The runner's answer: its stdout or, of a runner that serves, a file that it makes when it has the answer. */
  get response(): string {
    return join(this.directory, 'response.json');
  }

  /** The runner's stderr; empty but for a runner that breaks the protocol. */
  get stderr(): string {
    return join(this.directory, 'runner.stderr');
  }

  /** How the call ended, once its output was taken in. */
  get ended(): string {
    return join(this.directory, 'ended.json');
  }

  /** The tool's output. */
  get log(): string {
    return join(this.directory, 'output.log');
  }

  /** The tool's exit status, written by whatever waited for it. */
  get exit(): string {
    return `${this.log}.exit`;
  }

  /** There when somebody has asked for an end: at a second interrupt terraform gives up without saving. */
  get interrupted(): string {
    return join(this.directory, 'interrupted');
  }

  /** There when the runner died before it let the tool start: nothing was started. */
  get neverStarted(): string {
    return `${this.exit}.none`;
  }

  /** Where output went that is not log: only with `-json`. */
  get toolStderr(): string {
    return `${this.log}.stderr`;
  }

  /** The tool's process. */
  get toolPid(): string {
    return `${this.log}.pid`;
  }

  get hasResponse(): boolean {
    return existsSync(this.response);
  }

  get isStarted(): boolean {
    return existsSync(this.record);
  }
}

/** A process, told from another one that got the same number later by when it started. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of `/proc/PID/stat`; null where there is no such file. */
  start_time: string | null;
}

export interface CallRecord extends ProcessIdentity {
  started_at: string;
  /** `BOOT_ID` of then; absent in records of earlier versions. */
  boot_id?: string | null;
  /** Seconds since the machine was started, at the same moment; absent in records of earlier versions. */
  started_at_uptime?: number;
  /** Whether the runner may live on after its answer, which is then a file that appears by a rename. */
  serves?: boolean;
}

/** The first bytes of a file as text; empty when there is none. */
export async function readHead(file: string, maxBytes: number): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(maxBytes);
      const { bytesRead } = await handle.read(buffer, 0, maxBytes, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
