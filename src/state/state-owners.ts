import { Injectable } from '@nestjs/common';

/** What has states: a deployment, as far as its states need to know it. */
export interface StateOwner {
  deploymentId: string;
  namespaceId: string;
  /** The folder whose state is meant when none is named. */
  workingDirectory: string;
  /** False while the configuration's own backend keeps its state; there may be versions of before, or for later. */
  isManaged: boolean;
}

/** Where the room of deployments says what it knows, so that this room need not know it. */
@Injectable()
export class StateOwners {
  private lookup: (deploymentId: string) => Promise<StateOwner | null> = () => Promise.resolve(null);

  register(lookup: (deploymentId: string) => Promise<StateOwner | null>): void {
    this.lookup = lookup;
  }

  find(deploymentId: string): Promise<StateOwner | null> {
    return this.lookup(deploymentId);
  }
}
