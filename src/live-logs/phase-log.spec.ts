import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretPatterns } from '../common/secrets/secret-patterns';
import type { LogPiece } from './log-event';
import { PhaseLog } from './phase-log';

const MIB = 2 ** 20;
const secret = 'ñandú-SECRET-0123';

const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'plomada-log-')), 'output.log');

function collect(): { pieces: LogPiece[]; sink: (piece: LogPiece) => Promise<void>; text: () => string } {
  const pieces: LogPiece[] = [];
  return {
    pieces,
    sink: async (piece) => void pieces.push(piece),
    text: () => Buffer.concat(pieces.map(({ data }) => data)).toString('utf8'),
  };
}

/** Its process is killed before it can store what it holds back. */
class KilledLog extends PhaseLog {
  protected override flushMasker(): Promise<void> {
    return Promise.reject(new Error('killed'));
  }
}

describe('PhaseLog', () => {
  it('takes in a file as it grows, masked, cut at characters', async () => {
    const file = newFile();
    const { pieces, sink, text } = collect();
    const log = new PhaseLog('plan', new SecretPatterns([secret]), sink, MIB, { size: 0, sourceEnd: 0 });
    const source = Buffer.from(`first ñ ${secret} 🔑 end\n`.repeat(20));
    let end = (): void => undefined;
    const following = log.follow(file, new Promise<void>((resolve) => (end = resolve)));
    for (let at = 0; at < source.length; at += 7) {
      appendFileSync(file, source.subarray(at, at + 7));
      if (at % 70 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    end();
    await following;
    await log.end();
    expect(text()).toBe('first ñ *** 🔑 end\n'.repeat(20));
    expect(pieces.every(({ data }) => !data.toString('utf8').includes('\ufffd'))).toBe(true);
    let offset = 0;
    for (const piece of pieces) {
      expect(piece.offset).toBe(offset);
      offset += piece.data.length;
    }
    expect(pieces.at(-1)!.sourceEnd).toBe(source.length);
  });

  it('goes on exactly where another one was cut, wherever that was', async () => {
    const file = newFile();
    const source = Buffer.from(`a ${secret} b 🔑 c\n`.repeat(5));
    for (let cut = 0; cut <= source.length; cut++) {
      writeFileSync(file, source.subarray(0, cut));
      const first = collect();
      const killed = new KilledLog('plan', new SecretPatterns([secret]), first.sink, MIB, { size: 0, sourceEnd: 0 });
      await expect(killed.follow(file, Promise.resolve())).rejects.toThrow('killed');
      writeFileSync(file, source);
      const last = first.pieces.at(-1);
      const start = { size: last ? last.offset + last.data.length : 0, sourceEnd: last?.sourceEnd ?? 0 };
      const second = collect();
      await new PhaseLog('plan', new SecretPatterns([secret]), second.sink, MIB, start).follow(file, Promise.resolve());
      expect(first.text() + second.text()).toBe('a *** b 🔑 c\n'.repeat(5));
    }
  });

  it('keeps the beginning and the end of what is too long, and says how much is left out', async () => {
    const file = newFile();
    const lines = Array.from({ length: 60_000 }, (_value, index) => `line ${index} of many ${secret}\n`);
    writeFileSync(file, lines.join(''));
    const { sink, text } = collect();
    const max = 256 * 1024;
    const log = new PhaseLog('apply', new SecretPatterns([secret]), sink, max, { size: 0, sourceEnd: 0 });
    await log.follow(file, Promise.resolve());
    await log.end();
    const kept = text();
    expect(Buffer.byteLength(kept)).toBeLessThan(max + 128 * 1024);
    expect(kept.startsWith('line 0 of many ***\n')).toBe(true);
    expect(kept.endsWith('line 59999 of many ***\n')).toBe(true);
    expect(kept).toMatch(/… \d+ bytes of output are left out here \(LOG_MAX_BYTES\) …/);
    expect(kept).not.toContain('SECRET');
    expect(kept).not.toContain(secret.slice(-6));
  });

  it('marks its own lines and masks them too', async () => {
    const { sink, text } = collect();
    const log = new PhaseLog('init', new SecretPatterns([secret]), sink, MIB, { size: 0, sourceEnd: 0 });
    await log.note(`The word is ${secret}.`);
    expect(text()).toContain('[plomada] The word is ***.');
  });
});
