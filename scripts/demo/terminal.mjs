import { stripVTControlCharacters } from 'node:util';

const hasColors = process.stdout.isTTY ? process.stdout.hasColors() : process.env.FORCE_COLOR === '1';
const paint = (code) => (text) => (hasColors ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = paint('1');
export const dim = paint('2');
export const green = paint('32');
export const red = paint('31');
export const yellow = paint('33');
export const cyan = paint('36');

export const print = (text = '') => process.stdout.write(`${text}\n`);

/** Text of others: their colours only where ours are shown too. */
export const shown = (text) => (hasColors ? text : stripVTControlCharacters(text));

/** Rows in columns as wide as what is in them. */
export function printTable(rows, indent = '    ') {
  const width = (text) => stripVTControlCharacters(text).length;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => width(String(row[column] ?? '')))));
  for (const row of rows) {
    const cells = row.map((cell, column) => `${cell ?? ''}${' '.repeat(widths[column] - width(String(cell ?? '')))}`);
    print(`${indent}${cells.join('  ').trimEnd()}`);
  }
}

/** Prints a log that comes in pieces, a line at a time behind a mark. */
export class LogPrinter {
  #rest = '';

  push(text) {
    const lines = (this.#rest + text.replaceAll('\r\n', '\n')).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) this.#print(line);
  }

  end() {
    if (this.#rest !== '') this.#print(this.#rest);
    this.#rest = '';
  }

  #print(line) {
    // What a terminal would show of a progress that overwrites itself.
    const last = line.split('\r').findLast((part) => part !== '') ?? '';
    print(`    ${dim('│')} ${shown(last)}`);
  }
}
