import { IsString, Matches, MaxLength } from 'class-validator';

/** The parts of a download link. Their order does not matter: clients sort them. */
export class ArtifactQuery {
  /** Until when the link works, in seconds since 1970. */
  @Matches(/^\d{1,12}$/, { message: 'is missing from the link' })
  expires!: string;

  /** Whose file it is. */
  @IsString({ message: 'is missing from the link' })
  @MaxLength(64)
  for!: string;

  @IsString({ message: 'is missing from the link' })
  @MaxLength(128)
  signature!: string;
}
