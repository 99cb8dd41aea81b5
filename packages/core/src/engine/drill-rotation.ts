/** What a drill is made of, and from where. */
export interface DrillTurn {
  /** 1 for the first by rotation; null: people chose. */
  turn: number | null
  /** Of which backup: 0 is the newest, 1 and more an older one. */
  age: number
  /** Name of the copy; null: the repository. */
  fromCopy: string | null
  withRecoveryKey: boolean
  /** What the rotation would have done and cannot. */
  notes: string[]
}

export interface Rotated {
  turn: number
  /** Good backups there are. */
  backups: number
  /** Names of the configured copies. */
  copies: readonly string[]
  hasRecoveryKey: boolean
  isEncrypted: boolean
}

/** In each twelve. A drill a week comes round in a quarter. */
const cycle = 12
const ofOlder = [3, 7, 11, 12]
const fromCopy = [4, 12]
const withRecoveryKey = [8, 12]

/**
 * What the drill of a number is to prove, so that each number says the same in every process: mostly the newest backup, each
 * fourth time an older one, one after the other, and in each twelve twice from a copy, twice with the recovery key, and once
 * all of that. What this installation does not have is said. Pure.
 */
export function rotationOf({ turn, backups, copies, hasRecoveryKey, isEncrypted }: Rotated): DrillTurn {
  const older = ordinal(turn, ofOlder)
  const copied = ordinal(turn, fromCopy)
  const notes: string[] = []
  if (older !== null && backups < 2) notes.push('It was the turn of an older backup, and there is one backup alone.')
  if (copied !== null && copies.length === 0) notes.push('It was the turn of a copy, and none is configured.')
  const isKeyTurn = ordinal(turn, withRecoveryKey) !== null && isEncrypted
  if (isKeyTurn && !hasRecoveryKey)
    notes.push('It was the turn of the recovery key, and `drills.recoveryKey` does not say where it is.')
  return {
    turn,
    age: older === null || backups < 2 ? 0 : 1 + ((older - 1) % (backups - 1)),
    fromCopy: copied === null ? null : (copies[(copied - 1) % copies.length] ?? null),
    withRecoveryKey: isKeyTurn && hasRecoveryKey,
    notes,
  }
}

/** The how manieth of these turns it is, over all cycles; null: it is none of them. */
function ordinal(turn: number, places: readonly number[]): number | null {
  const place = ((turn - 1) % cycle) + 1
  const at = places.indexOf(place)
  return at < 0 ? null : Math.floor((turn - 1) / cycle) * places.length + at + 1
}
