import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { bold, cyan, dim, green, print, printTable, red } from '../demo/terminal.mjs';

/** Prints what was measured, and at the end which goals were met. */
export class Report {
  #goals = [];
  #name = '';
  #startedAt = performance.now();

  get hasMissed() {
    return this.#goals.some(({ isMet }) => !isMet);
  }

  machine() {
    const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
    print(bold(`${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory}`));
    print(`Node ${process.versions.node}, ${platform()} ${release().split('-')[0]}, load ${this.#load()}`);
  }

  begin(name) {
    this.#name = name;
    print(`\n${bold(cyan(name))}${dim(`   load ${this.#load()}`)}`);
  }

  line(text) {
    print(`  ${text}`);
  }

  /** @param {(string | number)[][]} rows the first one is the heading */
  table(rows) {
    printTable([rows[0].map((cell) => dim(String(cell))), ...rows.slice(1)]);
  }

  /**
   * @param {string} what the figure
   * @param {number} value as measured
   * @param {{ atMost?: number, atLeast?: number, unit: string, digits?: number }} goal one of the two bounds
   */
  goal(what, value, { atMost, atLeast, unit, digits = 0 }) {
    const isMet = atLeast === undefined ? value <= atMost : value >= atLeast;
    const figure = `${value.toFixed(digits)}${unit}`;
    const bound = `${atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`}${unit}`;
    this.#goals.push({ name: this.#name, what, figure, bound, isMet });
    print(`  ${bold(what)}: ${figure}   goal ${bound}   ${verdict(isMet)}`);
  }

  end() {
    if (this.#goals.length > 0) {
      print(`\n${bold('Goals')}`);
      printTable(
        this.#goals.map(({ name, what, figure, bound, isMet }) => [
          cyan(name),
          what,
          figure,
          dim(bound),
          verdict(isMet),
        ]),
        '  ',
      );
    }
    print(dim(`\n  ${((performance.now() - this.#startedAt) / 1000).toFixed(0)} s in all, load ${this.#load()}`));
  }

  #load() {
    return loadavg()
      .map((value) => value.toFixed(1))
      .join(' ');
  }
}

const verdict = (isMet) => (isMet ? green('met') : red('missed'));
