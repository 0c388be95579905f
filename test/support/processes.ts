import { readdirSync, readFileSync } from 'node:fs';

export interface SeenProcess {
  pid: number;
  commandLine: string;
}

/** Processes whose command line or working directory holds `text`; not this one. Linux only. */
export function processesOf(text: string): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        // A zombie has neither.
        return commandLine !== '' && (commandLine.includes(text) || environment.includes(text))
          ? [{ pid: Number(name), commandLine }]
          : [];
      } catch {
        return [];
      }
    });
}
