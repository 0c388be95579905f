import { isInstalled } from './installed-programs';

/** Whether builds can be tested on this machine. */
export const HAS_GO = isInstalled('go');

/**
 * Sources of the smallest module that builds like a provider, as files for `createRepository`: no dependencies, so no
 * network, and nothing newer than Go 1.19. It is no plugin: run it, and it prints the version that
 * `-ldflags "-X main.version=…"` put in, or `dev`.
 */
export function goProviderFiles(name: string): Record<string, string> {
  return {
    'go.mod': `module plomada.test/terraform-provider-${name}\n\ngo 1.19\n`,
    'main.go': [
      'package main',
      '',
      'import "os"',
      '',
      'var version = "dev"',
      '',
      'func main() {',
      '\tos.Stdout.WriteString(version + "\\n")',
      '}',
      '',
    ].join('\n'),
  };
}

/** Compiles for no platform: `broken.go:3:14: undefined: missing`. */
export function brokenGoProviderFiles(name: string): Record<string, string> {
  return { ...goProviderFiles(name), 'broken.go': brokenSource('missing') };
}

/** Compiles for every platform but Windows: `broken_windows.go:3:14: undefined: missingOnWindows`. */
export function goProviderFilesBrokenOnWindows(name: string): Record<string, string> {
  return { ...goProviderFiles(name), 'broken_windows.go': brokenSource('missingOnWindows') };
}

function brokenSource(undefinedName: string): string {
  return `package main\n\nvar broken = ${undefinedName}\n`;
}
