import { cut } from './cut';
import type { ModuleDeclarations } from './module-declarations';
import type { ModuleInterface, ModuleProvider } from './module-interface';
import type { ProblemList } from './problem-list';

/** More than any real module has; a file of 1 MiB can declare a hundred thousand. */
const MAX_ENTRIES = 5000;
/** Built into the tools (`terraform_data`, `terraform_remote_state`): nothing is installed for it. */
const BUILT_IN_PROVIDER = 'terraform';
const BUILT_IN_SOURCE = 'terraform.io/builtin/';

/** Makes the answer of what a module declares: sorted, with the providers that its resources imply, and bounded. */
export function interfaceOf(
  declared: ModuleDeclarations,
  submodules: string[],
  problems: ProblemList,
): ModuleInterface {
  const bounded = <T>(what: string, entries: T[]): T[] => {
    if (entries.length <= MAX_ENTRIES) return entries;
    problems.add(what, `only ${MAX_ENTRIES} of ${entries.length} are listed`);
    return entries.slice(0, MAX_ENTRIES);
  };
  const inputs = [...declared.variables.values()].map(({ name, given }) => ({
    name: cut(name),
    type: given.type ?? null,
    description: given.description ?? null,
    default: given.default ?? null,
    required: !Object.hasOwn(given, 'default'),
    sensitive: given.sensitive ?? false,
  }));
  const outputs = [...declared.outputs.values()].map(({ name, given }) => ({
    name: cut(name),
    description: given.description ?? null,
    sensitive: given.sensitive ?? false,
  }));
  const resources = [...declared.resources.values()].map(({ type, name, mode }) => ({
    type: cut(type),
    name: cut(name),
    mode,
  }));
  return {
    inputs: bounded('inputs', inputs.sort(byKeys('name'))),
    outputs: bounded('outputs', outputs.sort(byKeys('name'))),
    required_providers: bounded('required_providers', providersOf(declared).sort(byKeys('name'))),
    resources: bounded('resources', resources.sort(byKeys('mode', 'type', 'name'))),
    submodules,
    required_core: bounded('required_core', declared.requiredCore),
    problems: problems.toArray(),
  };
}

function providersOf(declared: ModuleDeclarations): ModuleProvider[] {
  const providers = new Map<string, ModuleProvider>();
  for (const provider of declared.requiredProviders.values()) {
    if (!provider.source?.startsWith(BUILT_IN_SOURCE)) {
      providers.set(provider.name, { ...provider, name: cut(provider.name) });
    }
  }
  for (const name of impliedProviders(declared)) {
    if (name === BUILT_IN_PROVIDER || declared.requiredProviders.has(name)) continue;
    providers.set(name, { name: cut(name), source: null, version: null });
  }
  return [...providers.values()];
}

/** A resource names its provider, or the first word of its type does. */
function* impliedProviders(declared: ModuleDeclarations): Generator<string> {
  yield* declared.configuredProviders;
  for (const { type, given } of declared.resources.values()) yield given.provider ?? type.replace(/_.*$/s, '');
}

/** By code units: the order must not depend on the language of the host. */
function byKeys<K extends string>(...keys: K[]): (a: Record<K, string>, b: Record<K, string>) => number {
  return (a, b) => {
    const key = keys.find((one) => a[one] !== b[one]);
    return key === undefined ? 0 : a[key] < b[key] ? -1 : 1;
  };
}
