export class RegistryPlatformResponse {
  os!: string;

  arch!: string;
}

export class RegistryProviderVersionResponse {
  /** @example '1.2.3' */
  version!: string;

  protocols!: string[];

  platforms!: RegistryPlatformResponse[];
}

/** The versions of a provider, as the provider registry protocol has them. */
export class RegistryProviderVersionsResponse {
  versions!: RegistryProviderVersionResponse[];

  /** Shown to the users of clients: which versions are deprecated, and why. */
  warnings!: string[];
}

export class RegistryPublicKeyResponse {
  key_id!: string;

  ascii_armor!: string;

  trust_signature!: string;

  source!: string;
}

export class RegistrySigningKeysResponse {
  gpg_public_keys!: RegistryPublicKeyResponse[];
}

export class RegistryPackageHashesResponse {
  /** `zh:` and `h1:` hashes, as lock files have them. */
  hashes!: string[];

  package_size!: number;
}

/** The package of one platform, as the provider registry protocol has it. */
export class RegistryPackageResponse {
  protocols!: string[];

  os!: string;

  arch!: string;

  filename!: string;

  /** Path and query; the link works for ten minutes. */
  download_url!: string;

  shasums_url!: string;

  shasums_signature_url!: string;

  shasum!: string;

  signing_keys!: RegistrySigningKeysResponse;

  /** Of every platform, by `OS_ARCH`: tofu 1.12 and newer put them into lock files. */
  packages!: Record<string, RegistryPackageHashesResponse>;
}
