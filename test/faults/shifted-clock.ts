import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Loaded before the server: every time of day it asks for is off by what the file says. Timers are not concerned. */
const PRELOAD = `
const { readFileSync } = require('node:fs');
const RealDate = Date;
let offset = 0;
const look = () => { try { offset = Number(readFileSync(process.env.SHIFT_FILE, 'utf8')); } catch { offset = 0; } };
look();
setInterval(look, 10).unref();
class ShiftedDate extends RealDate {
  constructor(...parts) { if (parts.length === 0) super(RealDate.now() + offset); else super(...parts); }
  static now() { return RealDate.now() + offset; }
}
globalThis.Date = ShiftedDate;
`;

/** The clock of a whole server process, which can be set as an administrator or NTP would. */
export class ShiftedClock {
  private readonly file: string;
  /** What the server is started with. */
  readonly environment: Record<string, string>;

  constructor(folder: string) {
    this.file = join(folder, 'shift');
    const preload = join(folder, 'shifted-clock.cjs');
    writeFileSync(preload, PRELOAD);
    this.environment = { NODE_OPTIONS: `--require ${preload}`, SHIFT_FILE: this.file };
  }

  /** @param ms from the true time; the server sees it within some milliseconds */
  set(ms: number): void {
    writeFileSync(`${this.file}.new`, String(ms));
    renameSync(`${this.file}.new`, this.file);
  }
}
