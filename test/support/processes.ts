import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface SeenProcess {
  pid: number;
  parent: number;
  commandLine: string;
}

/** Processes whose command line, environment or working directory holds `text`; not this one. Linux only. */
export function processesOf(text: string): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        // A zombie has none.
        if (commandLine === '') return [];
        const seen = [commandLine, readFileSync(`/proc/${name}/environ`, 'utf8'), readlinkSync(`/proc/${name}/cwd`)];
        if (!seen.some((part) => part.includes(text))) return [];
        const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [{ pid: Number(name), parent, commandLine }];
      } catch {
        return [];
      }
    });
}
