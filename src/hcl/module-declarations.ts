import type { ConfigurationFile } from './configuration-files';
import type {
  Declarations,
  Declared,
  DeclaredResource,
  OutputArguments,
  ResourceArguments,
  VariableArguments,
} from './declarations';
import type { ModuleProvider } from './module-interface';
import type { ProblemList } from './problem-list';

/**
 * Puts the declarations of the files of a module together. Names are unique in a module: the first declaration counts.
 * Override files, which come last, change single arguments of what is declared; a required provider they replace as a
 * whole, and the constraints of `required_version` too (both as terraform 1.11.4 does).
 */
export class ModuleDeclarations {
  readonly variables = new Map<string, Declared<VariableArguments>>();
  readonly outputs = new Map<string, Declared<OutputArguments>>();
  /** By mode, type and name. */
  readonly resources = new Map<string, DeclaredResource>();
  readonly requiredProviders = new Map<string, ModuleProvider>();
  readonly configuredProviders = new Set<string>();
  requiredCore: string[] = [];

  constructor(private readonly problems: ProblemList) {}

  add(file: ConfigurationFile, declarations: Declarations): void {
    for (const type of declarations.misfits) {
      problemOf(this.problems, file, `a block "${type}" was left out: it does not have the labels such blocks have`);
    }
    this.addNamed(file, 'variable', this.variables, declarations.variables, ({ name }) => name);
    this.addNamed(file, 'output', this.outputs, declarations.outputs, ({ name }) => name);
    this.addNamed<ResourceArguments, DeclaredResource>(
      file,
      'resource',
      this.resources,
      declarations.resources,
      ({ mode, type, name }) => JSON.stringify([mode, type, name]),
    );
    this.addProviders(file, declarations.requiredProviders);
    for (const name of declarations.configuredProviders) this.configuredProviders.add(name);
    if (declarations.requiredCore.length === 0) return;
    this.requiredCore = [...(file.isOverride ? [] : this.requiredCore), ...declarations.requiredCore];
  }

  private addNamed<A, T extends Declared<A>>(
    file: ConfigurationFile,
    what: string,
    known: Map<string, T>,
    declared: T[],
    keyOf: (one: T) => string,
  ): void {
    for (const one of declared) {
      const key = keyOf(one);
      const earlier = known.get(key);
      if (file.isOverride) {
        if (earlier) known.set(key, { ...earlier, given: { ...earlier.given, ...one.given } });
        else problemOf(this.problems, file, `there is no ${what} "${one.name}" to override`);
      } else if (earlier) {
        problemOf(this.problems, file, `${what} "${one.name}" is declared more than once; the first one counts`);
      } else {
        known.set(key, one);
      }
    }
  }

  private addProviders(file: ConfigurationFile, providers: ModuleProvider[]): void {
    for (const provider of providers) {
      if (file.isOverride || !this.requiredProviders.has(provider.name)) {
        this.requiredProviders.set(provider.name, provider);
      } else {
        problemOf(this.problems, file, `provider "${provider.name}" is required more than once; the first one counts`);
      }
    }
  }
}

function problemOf(problems: ProblemList, file: ConfigurationFile, message: string): void {
  problems.add(file.name, message);
}
