/** What a user of a module must know: read from its files, without running any tool. Lists are sorted. */
export interface ModuleInterface {
  inputs: ModuleInput[];
  outputs: ModuleOutput[];
  required_providers: ModuleProvider[];
  resources: ModuleResource[];
  /** Paths from the root of the module, such as `modules/network`. */
  submodules: string[];
  /** The constraints of `required_version`. */
  required_core: string[];
  /** What could not be read, each beginning with the name of a file: the rest was read all the same. */
  problems: string[];
}

export interface ModuleInput {
  name: string;
  /** The type as it is written; null when none is, which means `any`. */
  type: string | null;
  description: string | null;
  /** A JSON value, or the text of an expression; null when there is none, and then `required` is true. */
  default: unknown;
  required: boolean;
  sensitive: boolean;
}

export interface ModuleOutput {
  name: string;
  description: string | null;
  sensitive: boolean;
}

export interface ModuleProvider {
  name: string;
  /** Null when the module does not say: clients then take `hashicorp/<name>`. */
  source: string | null;
  version: string | null;
}

export type ResourceMode = 'managed' | 'data' | 'ephemeral';

export interface ModuleResource {
  type: string;
  name: string;
  mode: ResourceMode;
}
