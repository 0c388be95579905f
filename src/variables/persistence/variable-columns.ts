import { Column } from 'typeorm';
import { INTEGER, OPTIONAL_TEXT, TEXT, varchar } from '../../database/columns';
import type { StoredVariable, VariableCategory } from '../domain/variable';

/** The columns of a variable, whatever it belongs to. */
export abstract class VariableColumns implements Omit<StoredVariable, 'id'> {
  @Column(varchar(128))
  key!: string;

  @Column(varchar(16))
  category!: VariableCategory;

  /** Encrypted when it is sensitive. */
  @Column(TEXT)
  value!: string;

  /** JSON; encrypted when it is sensitive. */
  @Column(OPTIONAL_TEXT)
  parsed!: string | null;

  @Column({ type: 'boolean' })
  sensitive!: boolean;

  @Column({ type: 'boolean' })
  hcl!: boolean;

  @Column(INTEGER)
  position!: number;
}
