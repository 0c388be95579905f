import { Injectable } from '@nestjs/common';

/** What a download link is for, and who is told that it was used. */
export interface ArtifactSubject {
  /** True while the thing may be downloaded: published, enabled, there. Asked at every download. */
  isServed(id: string): Promise<boolean>;
  /** A whole download was begun. */
  countDownload(id: string): void;
}

/** Where rooms say what becomes of links to their artefacts; by a kind of one word. */
@Injectable()
export class ArtifactSubjects {
  private readonly subjects = new Map<string, ArtifactSubject>();

  register(kind: string, subject: ArtifactSubject): void {
    this.subjects.set(kind, subject);
  }

  find(kind: string): ArtifactSubject | null {
    return this.subjects.get(kind) ?? null;
  }
}
