export class DiscoveryResponse {
  /** @example '/v1/modules/' */
  'modules.v1'!: string;

  /** @example '/v1/providers/' */
  'providers.v1'!: string;
}
