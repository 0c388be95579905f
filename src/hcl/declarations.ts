import { argument, type Block, blocksOf, bodiesOfFile, type JsonObject } from './blocks';
import type { Syntax } from './configuration-files';
import { isTrue, literalText, literalValue, typeText } from './literals';
import type { ModuleProvider, ResourceMode } from './module-interface';

/** What one file says of a variable: only the arguments it gives, so that an override changes no others. */
export interface VariableArguments {
  type?: string | null;
  description?: string | null;
  default?: unknown;
  sensitive?: boolean;
}

export type OutputArguments = Pick<VariableArguments, 'description' | 'sensitive'>;

export interface ResourceArguments {
  /** Local name of the provider, when the resource names it. */
  provider?: string;
}

export interface Declared<T> {
  name: string;
  given: T;
}

export interface DeclaredResource extends Declared<ResourceArguments> {
  mode: ResourceMode;
  type: string;
}

/** What the blocks of one file declare, in the order of the file. */
export interface Declarations {
  variables: Declared<VariableArguments>[];
  outputs: Declared<OutputArguments>[];
  resources: DeclaredResource[];
  requiredProviders: ModuleProvider[];
  /** Local names of the providers that are configured. */
  configuredProviders: string[];
  requiredCore: string[];
  /** Types of blocks that were left out because of their shape. */
  misfits: Set<string>;
}

const MODES: readonly [blockType: string, mode: ResourceMode][] = [
  ['resource', 'managed'],
  ['data', 'data'],
  ['ephemeral', 'ephemeral'],
];

/** Reads the declarations out of the content of a file. Null when the content is not that of a configuration file. */
export function readDeclarations(content: unknown, syntax: Syntax): Declarations | null {
  const bodies = bodiesOfFile(content, syntax);
  if (bodies === null) return null;
  const found: Declarations = {
    variables: [],
    outputs: [],
    resources: [],
    requiredProviders: [],
    configuredProviders: [],
    requiredCore: [],
    misfits: new Set(),
  };
  for (const body of bodies) new FileReading(syntax, found).read(body);
  return found;
}

class FileReading {
  constructor(
    private readonly syntax: Syntax,
    private readonly found: Declarations,
  ) {}

  read(file: JsonObject): void {
    for (const { labels, body } of this.blocks(file, 'variable', 1)) {
      this.found.variables.push({ name: labels[0] ?? '', given: this.variable(body) });
    }
    for (const { labels, body } of this.blocks(file, 'output', 1)) {
      this.found.outputs.push({ name: labels[0] ?? '', given: this.described(body) });
    }
    for (const [blockType, mode] of MODES) this.resources(file, blockType, mode);
    // A check may have a data source of its own.
    for (const { body } of this.blocks(file, 'check', 1)) this.resources(body, 'data', 'data');
    for (const { labels } of this.blocks(file, 'provider', 1)) this.found.configuredProviders.push(labels[0] ?? '');
    for (const { body } of this.blocks(file, 'terraform', 0)) this.terraform(body);
  }

  private blocks(body: JsonObject, type: string, labelCount: number): Block[] {
    const { blocks, hasMisfits } = blocksOf(body, type, labelCount, this.syntax);
    if (hasMisfits) this.found.misfits.add(type);
    return blocks;
  }

  private variable(body: JsonObject): VariableArguments {
    const given: VariableArguments = this.described(body);
    if (Object.hasOwn(body, 'type')) given.type = typeText(body.type);
    if (Object.hasOwn(body, 'default')) given.default = literalValue(body.default, this.syntax);
    return given;
  }

  private described(body: JsonObject): OutputArguments {
    const given: OutputArguments = {};
    if (Object.hasOwn(body, 'description')) given.description = literalText(body.description, this.syntax);
    if (Object.hasOwn(body, 'sensitive')) given.sensitive = isTrue(body.sensitive);
    return given;
  }

  private resources(file: JsonObject, blockType: string, mode: ResourceMode): void {
    for (const { labels, body } of this.blocks(file, blockType, 2)) {
      const [type = '', name = ''] = labels;
      const provider = providerName(argument(body, 'provider'));
      this.found.resources.push({ mode, type, name, given: provider === null ? {} : { provider } });
    }
  }

  private terraform(body: JsonObject): void {
    const version = literalText(argument(body, 'required_version'), this.syntax);
    if (version !== null) this.found.requiredCore.push(version);
    for (const { body: requirements } of this.blocks(body, 'required_providers', 0)) {
      for (const [name, requirement] of Object.entries(requirements)) {
        if (name !== '//') this.found.requiredProviders.push(this.provider(name, requirement));
      }
    }
  }

  /** Since 0.13 an object; before, only the constraint of the version. */
  private provider(name: string, requirement: unknown): ModuleProvider {
    if (typeof requirement !== 'object' || requirement === null) {
      return { name, source: null, version: literalText(requirement, this.syntax) };
    }
    return {
      name,
      source: literalText(argument(requirement as JsonObject, 'source'), this.syntax),
      version: literalText(argument(requirement as JsonObject, 'version'), this.syntax),
    };
  }
}

/** `aws` of `aws.east`, written as a reference or, as it was long ago, in quotes. */
function providerName(reference: unknown): string | null {
  const text = literalText(reference, 'hcl');
  return text === null ? null : (/^[^.[\s]+/.exec(text)?.[0] ?? null);
}
