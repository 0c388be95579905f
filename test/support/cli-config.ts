/** What stands in a CLI configuration file of terraform or tofu. */
export interface CliConfig {
  /** Host, with its port unless that is 443 → token, sent as a bearer. */
  credentials?: Record<string, string>;
  /**
   * Host → service id → URL, or an object for `login.v1`. Such a host is never asked for its services, so these may be
   * plain http: the way to test a registry without TLS (protocol-facts section 1).
   */
  hosts?: Record<string, Record<string, string | object>>;
  /** Where providers come from; without it, from their registries. */
  providerInstallation?: InstallationMethod[];
}

/** One method of `provider_installation`; `include` and `exclude` hold patterns like `reg.plomada.test/*\/*`. */
export type InstallationMethod = { include?: string[]; exclude?: string[] } & (
  | {
      method: 'filesystem_mirror';
      /** Packed: `HOST/NS/TYPE/terraform-provider-TYPE_VERSION_OS_ARCH.zip`. */
      path: string;
    }
  | {
      method: 'network_mirror';
      /** https, with a slash at the end: without it the last segment is lost. */
      url: string;
    }
  | { method: 'direct' }
);

/** The file's text. */
export function renderCliConfig({ credentials = {}, hosts = {}, providerInstallation }: CliConfig): string {
  return [
    ...Object.entries(credentials).map(([host, token]) => block(`credentials ${quote(host)}`, { token })),
    ...Object.entries(hosts).map(([host, services]) => block(`host ${quote(host)}`, { services })),
    ...(providerInstallation === undefined ? [] : [renderInstallation(providerInstallation)]),
  ].join('\n');
}

function renderInstallation(methods: InstallationMethod[]): string {
  const blocks = methods.map(({ method, ...settings }) => block(method, settings));
  return `provider_installation {\n${blocks.join('')}}\n`;
}

function block(head: string, settings: object): string {
  const lines = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name} = ${renderValue(value)}\n`);
  return `${head} {\n${lines.join('')}}\n`;
}

/** Objects need `=` where JSON has a colon; all else is the same in this language. */
function renderValue(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${quote(name)} = ${renderValue(inner)}\n`);
  return `{\n${fields.join('')}}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
