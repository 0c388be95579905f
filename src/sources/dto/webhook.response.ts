export class WebhookAcceptedResponse {
  /** Whether the tags are looked at because of this event. */
  accepted!: boolean;
}

/** The address to register as a webhook at the Git server, for push events of tags. */
export class WebhookResponse {
  /**
   * Holds the secret token; null while there is none.
   * @example 'https://plomada.example.com/api/hooks/git/3f7c…'
   */
  url!: string | null;
}
