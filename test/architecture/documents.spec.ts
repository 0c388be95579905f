import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documents, prose, readText, ROOT } from './repository';

/** The anchor a heading gets, as code hosts make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(document: string): Set<string> {
  return new Set([...prose(document).matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));
}

describe('the documents', () => {
  it.each(documents())('%s links to what exists', (document) => {
    const links = [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it.each(documents())('%s names files that exist', (document) => {
    const named = [...prose(document).matchAll(/`((?:src|runner|scripts|test|docs|\.github)\/[\w./-]+)`/g)];
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('docs/configuration.md is what its generator makes', () => {
    const generator = join(ROOT, 'scripts', 'configuration-docs.mjs');
    const made = execFileSync(process.execPath, [generator, '--print'], { encoding: 'utf8' });
    expect(readText('docs/configuration.md')).toBe(made);
  });

  it('docs/adr/README.md lists every decision', () => {
    const decisions = documents().filter((document) => /^docs\/adr\/\d{4}-/.test(document));
    const index = readText('docs/adr/README.md');
    expect(decisions.length).toBeGreaterThan(0);
    expect(decisions.filter((document) => !index.includes(`(${document.slice('docs/adr/'.length)})`))).toEqual([]);
  });
});
