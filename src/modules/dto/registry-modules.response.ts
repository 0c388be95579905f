export class RegistryModuleVersionResponse {
  /** @example '1.2.3' */
  version!: string;
}

export class RegistryModuleResponse {
  versions!: RegistryModuleVersionResponse[];
}

/** The answer of the module registry protocol. */
export class RegistryModuleVersionsResponse {
  /** One element: the module that was asked for. */
  modules!: RegistryModuleResponse[];
}
