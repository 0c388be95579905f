// Writes the table of docs/configuration.md from the settings of the built server. `--print`: only prints the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ensureBuilt, ensureInstalled, ROOT } from './setup.mjs';

const PAGE = join(ROOT, 'docs', 'configuration.md');
const BEGIN = '<!-- settings: made by scripts/configuration-docs.mjs -->';
const END = '<!-- /settings -->';

const isPrinted = process.argv.includes('--print');
if (!isPrinted) {
  ensureInstalled();
  await ensureBuilt();
}

const { SETTINGS } = createRequire(import.meta.url)(join(ROOT, 'dist', 'src', 'config', 'settings.js'));

/** A cell of a table: a bar would end it. */
const cell = (text) => text.replaceAll('|', '\\|');

/** Values as code; what is already a sentence or code stays as it is. */
function shownDefault({ shownDefault: text }) {
  return text === '–' || /[`\s]/.test(text) ? text : `\`${text}\``;
}

function table() {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => {
    const names = setting.secret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
    return `| ${names} | ${cell(shownDefault(setting))} | ${cell(setting.meaning)} |`;
  });
  return ['| name | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

const [before, rest] = readFileSync(PAGE, 'utf8').split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/configuration.md must hold "${BEGIN}" and, after it, "${END}".`);

const options = await resolveConfig(PAGE);
const page = await format(`${before}${BEGIN}\n\n${table()}\n\n${END}${after}`, { ...options, parser: 'markdown' });
if (isPrinted) process.stdout.write(page);
else {
  writeFileSync(PAGE, page);
  console.log('Wrote docs/configuration.md.');
}
