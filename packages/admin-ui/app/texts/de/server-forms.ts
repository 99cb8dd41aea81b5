/** What actions and their fields say of themselves. */
export const serverForms = {
  // Actions
  'Takes what storage and servers know into a catalog that is new or was lost.':
    'Übernimmt, was Speicher und Server kennen, in einen Katalog, der neu ist oder verloren war.',
  'Measures storage, processor and server with rows of your own, and says how long a full backup and a restore take.':
    'Misst Speicher, Prozessor und Server mit Ihren eigenen Zeilen und sagt, wie lange eine vollständige Sicherung und eine Wiederherstellung dauern.',
  'Lists who did what, newest first, and whether the chain of events is unbroken.':
    'Zeigt, wer was getan hat, das Neueste zuerst, und ob die Kette der Ereignisse lückenlos ist.',
  'Checks the audit log against its hashes, its seals, the anchors in the repository and the backups.':
    'Prüft das Prüfprotokoll gegen seine Hashes, seine Siegel, die Anker im Repository und die Sicherungen.',
  'Backs up the database, and the media folders if asked.': 'Sichert die Datenbank, auf Wunsch auch die Medienordner.',
  'Lays the standard files of a backup into the export folder; they go when the backup goes.':
    'Legt die Standarddateien einer Sicherung in den Exportordner; sie fallen mit der Sicherung weg.',
  'Says of each stored backup whether the running code could restore it: as it is, by migrations, by carried down steps, or not, and why.':
    'Sagt von jeder Sicherung, ob der laufende Code sie wiederherstellen könnte: wie sie ist, durch Migrationen, durch mitgebrachte Rückschritte, oder nicht, und warum.',
  'Shows what differs between the schema of a backup and that of another backup, or of the live database.':
    'Zeigt, worin sich das Schema einer Sicherung von dem einer anderen oder der Live-Datenbank unterscheidet.',
  'Takes an imported backup out of quarantine: a restore may run what its file says, or load its rows alone.':
    'Holt eine importierte Sicherung aus der Quarantäne: eine Wiederherstellung darf ausführen, was in ihrer Datei steht, oder nur ihre Zeilen laden.',
  'Its rows alone are trusted: they can be restored into the definitions of another backup.':
    'Nur ihren Zeilen wird vertraut: sie können in die Definitionen einer anderen Sicherung wiederhergestellt werden.',
  'Everything is trusted. That is the default.': 'Allem wird vertraut. Das ist die Vorgabe.',
  'Makes a backup of a pg_dump custom-format file, in quarantine until it is trusted; nothing of it is run.':
    'Macht aus einer Datei im Custom-Format von pg_dump eine Sicherung, in Quarantäne, bis ihr vertraut wird; nichts davon wird ausgeführt.',
  'A name for people. Default: that of the file.': 'Frei wählbar. Voreingestellt: der Name der Datei.',
  'Where the file comes from.': 'Woher die Datei kommt.',
  'The SHA-256 that the file must have, in hex.': 'Die SHA-256, die die Datei haben muss, hexadezimal.',
  'Lists the configured targets of refreshes: what is in each, and whether it can be refreshed.':
    'Zeigt die eingerichteten Ziele von Auffrischungen: was in jedem ist, und ob es sich auffrischen lässt.',
  'Marks the database of a target, once, as one that refreshes may replace. Makes it where there is none.':
    'Markiert die Datenbank eines Ziels, einmal, als eine, die Auffrischungen ersetzen dürfen. Legt sie an, wo es keine gibt.',
  'Restores a backup into a target beside what is there, masked and migrated, then swaps it in.':
    'Stellt eine Sicherung in einem Ziel neben dem Vorhandenen wieder her, maskiert und migriert, und tauscht sie dann ein.',
  'Says what a refresh of a target would do, and why it would not. Changes nothing.':
    'Sagt, was die Auffrischung eines Ziels täte, und was dagegen spricht. Ändert nichts.',
  'In place of a backup: the newest one with this tag, `name` or `name=value`.':
    'Anstelle einer Sicherung: die neueste mit diesem Tag, `name` oder `name=value`.',
  'In place of `latest`, what the rotation says: now and then an older one, a copy, the recovery key.':
    'Anstelle von `latest`, was die Rotation sagt: hin und wieder eine ältere, eine Kopie, der Wiederherstellungsschlüssel.',
  'Name of the copy that is read in place of the repository.':
    'Name der Kopie, die anstelle des Repositorys gelesen wird.',
  'Whether the recovery key opens it: `drills.recoveryKey`.':
    'Ob der Wiederherstellungsschlüssel es öffnet: `drills.recoveryKey`.',
  'Number, id, the first characters of an id, or `latest`.': 'Nummer, Id, die ersten Zeichen einer Id, oder `latest`.',
  'Only this one.': 'Nur diese.',
  'Puts back the media folders that a restore of media alone replaced, all or none. What is there now is kept in its turn.':
    'Stellt die Medienordner zurück, die eine Wiederherstellung nur von Medien ersetzt hat, alle oder keinen. Was jetzt da ist, wird seinerseits aufbewahrt.',
  'Run the down steps that the backup carries, on the copy: the hash that the plan gives for them. For a backup that is ahead of the code.':
    'Die Rückschritte, die die Sicherung mitführt, auf der Kopie ausführen: der Hash, den der Plan für sie nennt. Für eine Sicherung, die dem Code voraus ist.',
  Import: 'Import',
  'from copy': 'aus der Kopie',
  'recovery key': 'Wiederherstellungsschlüssel',
  rotate: 'rotieren',
  all: 'alles',
  'data only': 'nur die Daten',
  'schema from': 'Schema aus',
  'run carried': 'mitgeführte ausführen',
  sha256: 'SHA-256',
  tag: 'Tag',
  target: 'Ziel',
  'Verifies a backup, and records what was found.': 'Prüft eine Sicherung und hält fest, was gefunden wurde.',
  'Brings a copy of the repository up to date. After each backup that is done by itself.':
    'Bringt eine Kopie des Repositorys auf den neuesten Stand. Nach jeder Sicherung geschieht das von selbst.',
  'Restores a backup on the side as in need, migrates and checks it, measures how long that takes, and drops it.':
    'Stellt eine Sicherung wie im Notfall daneben wieder her, migriert und prüft sie, misst, wie lange das dauert, und löscht sie wieder.',
  'Returns what is needed to reach the backups on an empty machine, without any secret.':
    'Enthält, was auf einer leeren Maschine gebraucht wird, um an die Sicherungen zu kommen, ohne ein Geheimnis.',
  'Checks whether everything stored is there and, with the data read, is what was written.':
    'Prüft, ob alles Gespeicherte da ist und, wenn die Daten gelesen werden, ob es das Geschriebene ist.',
  'Drops what killed restores left on the server, and kept databases whose time is over.':
    'Löscht, was abgebrochene Wiederherstellungen auf dem Server hinterlassen haben, und aufbewahrte Datenbanken, deren Zeit um ist.',
  'Frees the space of what no backup needs any more. What was marked is deleted by a later run.':
    'Gibt den Platz von allem frei, was keine Sicherung mehr braucht. Was vorgemerkt ist, löscht ein späterer Lauf.',
  'Repairs what is missing or damaged from the copies, or from one of them.':
    'Repariert Fehlendes und Beschädigtes aus den Kopien, oder aus einer davon.',
  'Reads again the share of what is stored whose turn it is today.':
    'Liest den Teil des Gespeicherten noch einmal, der heute an der Reihe ist.',
  'Says whether the masking policy names every column of a backup, and searches a copy for what was masked.':
    'Sagt, ob die Maskierung jede Spalte einer Sicherung nennt, und sucht in einer Kopie nach maskierten Werten.',
  'Shows the first rows of a table as a masked copy would have them.':
    'Zeigt die ersten Zeilen einer Tabelle, wie eine maskierte Kopie sie hätte.',
  'Writes lines of a masking policy for what the policy does not name yet: guesses, for people to confirm.':
    'Schreibt Zeilen der Maskierung für alles, was sie noch nicht nennt: Vorschläge, die eine Person bestätigt.',
  'Tries the pending migrations on a restored copy: what they block and for how long, and what they change.':
    'Probiert die ausstehenden Migrationen an einer wiederhergestellten Kopie: was sie sperren und wie lange, und was sie ändern.',
  'Runs all migrations of each inspector on an empty database, which is dropped again.':
    'Führt alle Migrationen jedes Inspektors an einer leeren Datenbank aus, die danach gelöscht wird.',
  'Says how the live database stands to the migrations of the running code.':
    'Sagt, wie die Live-Datenbank zu den Migrationen des laufenden Codes steht.',
  'Lists what was sent to channels of notifications, and what waits, newest first.':
    'Zeigt, was an Kanäle gesendet wurde und was wartet, das Neueste zuerst.',
  'Lists the channels of notifications with what was delivered last.':
    'Zeigt die Kanäle für Benachrichtigungen und was zuletzt zugestellt wurde.',
  'Shows the exact message of a channel: the last one, or what a failed backup would say.':
    'Zeigt die genaue Nachricht eines Kanals: die letzte, oder die einer fehlgeschlagenen Sicherung.',
  'Sends a message again, with the same id.': 'Sendet eine Nachricht noch einmal, mit derselben Id.',
  'Sends a test message to a channel, and says whether it was taken.':
    'Sendet eine Testnachricht an einen Kanal und sagt, ob sie angenommen wurde.',
  'Drops the database a restore replaced: after that there is no undo.':
    'Löscht die Datenbank, die eine Wiederherstellung ersetzt hat: danach lässt sich nichts mehr rückgängig machen.',
  'Removes the media folders that an in-place restore, or one of media alone, keeps; those of others go with their database.':
    'Entfernt die Medienordner, die eine Wiederherstellung an Ort und Stelle oder eine nur von Medien aufbewahrt; die anderen fallen mit ihrer Datenbank weg.',
  'Lists the databases that restores replaced and that can still be put back, as the server has them.':
    'Zeigt die von Wiederherstellungen ersetzten Datenbanken, die sich noch zurückholen lassen, wie der Server sie hat.',
  'Lists what restores keep of the configured media folders, also of in-place restores.':
    'Zeigt, was Wiederherstellungen von den Medienordnern aufbewahren, auch solche an Ort und Stelle.',
  'Restores a backup beside the live database, migrates and checks it there, then swaps it in.':
    'Stellt eine Sicherung neben der Live-Datenbank wieder her, migriert und prüft sie dort und tauscht sie dann ein.',
  'Puts back the database a restore replaced. What is live now is kept in its turn.':
    'Holt die Datenbank zurück, die eine Wiederherstellung ersetzt hat. Was jetzt live ist, wird seinerseits aufbewahrt.',
  'Lets retention drop the backups it may now, and frees their space.':
    'Lässt die Aufbewahrung löschen, was sie jetzt löschen darf, und gibt den Platz frei.',
  'Makes a table of its own from one table of a backup, in another schema of the live database.':
    'Macht aus einer Tabelle einer Sicherung eine eigene Tabelle, in einem anderen Schema der Live-Datenbank.',
  'Lists the rewinds that can be undone, newest first.':
    'Zeigt die Rückspulungen, die sich rückgängig machen lassen, die neueste zuerst.',
  'Counts the rows added, changed and deleted since a backup, by table: what a restore would lose.':
    'Zählt die seit einer Sicherung hinzugefügten, geänderten und gelöschten Zeilen je Tabelle: was eine Wiederherstellung verlieren würde.',
  'Shows the rows of one table that differ from a backup, old and new values.':
    'Zeigt die Zeilen einer Tabelle, die von einer Sicherung abweichen, mit alten und neuen Werten.',
  'Puts chosen rows of one table back, in one transaction. Rows added since stay. It can be undone.':
    'Holt gewählte Zeilen einer Tabelle zurück, in einer Transaktion. Seitdem hinzugefügte Zeilen bleiben. Das lässt sich rückgängig machen.',
  'Answers one SELECT over the database as of a backup: `was.orders` is the table then, `orders` the table now.':
    'Beantwortet ein SELECT über die Datenbank zum Stand einer Sicherung: `was.orders` ist die Tabelle damals, `orders` die Tabelle jetzt.',
  'Takes back what changed since a backup, in place and in one transaction. It can be undone.':
    'Nimmt zurück, was sich seit einer Sicherung geändert hat, an Ort und Stelle und in einer Transaktion. Das lässt sich rückgängig machen.',
  'Undoes a rewind: takes out the rows that it put back, and puts in those that it took out.':
    'Macht eine Rückspulung rückgängig: entfernt die Zeilen, die sie zurückgeholt hat, und fügt die entfernten wieder ein.',
  'Tries whether a storage does all that a repository needs, and how fast.':
    'Probiert, ob ein Speicher alles kann, was ein Repository braucht, und wie schnell.',

  // Fields
  'Time for all measurements together.': 'Zeit für alle Messungen zusammen.',
  'The most that is written to the storage; it is read back and removed.':
    'So viel wird höchstens in den Speicher geschrieben; es wird zurückgelesen und entfernt.',
  'What was found.': 'Was gefunden wurde.',
  'It is always so: the same is not told of the same table again.':
    'Das ist immer so: dasselbe wird von derselben Tabelle nicht mehr gemeldet.',
  'Why it cannot wait, in at least 10 characters.': 'Warum es nicht warten kann, in mindestens 10 Zeichen.',
  'Only of this person or program.': 'Nur von dieser Person oder diesem Programm.',
  'Only this action: backups.create, restores.run, ...': 'Nur diese Aktion: backups.create, restores.run, ...',
  'Only about this backup, restore or task.': 'Nur zu dieser Sicherung, dieser Wiederherstellung oder diesem Auftrag.',
  'At most so many.': 'Höchstens so viele.',
  'Pass over so many.': 'So viele übergehen.',
  'What the repository holds, without the catalog: of every catalog that recorded into it.':
    'Was das Repository enthält, ohne den Katalog: von jedem Katalog, der darin aufgezeichnet hat.',
  'Another name for people.': 'Ein anderer Name für die Listen.',
  'Another description.': 'Eine andere Beschreibung.',
  'Names with values: all of them, in place of those it has.': 'Namen mit Werten: alle, anstelle der jetzigen.',
  'A name for people.': 'Frei wählbar; so heißt sie in den Listen.',
  'Why this backup is made.': 'Warum diese Sicherung erstellt wird.',
  'Also the media folders.': 'Auch die Medienordner.',
  'The media folders alone, and nothing of the database.': 'Nur die Medienordner und nichts von der Datenbank.',
  'What to compare with. Default: incremental, the newest backup. Each restores alone.':
    'Womit verglichen wird. Voreingestellt: inkrementell, mit der neuesten Sicherung. Jede lässt sich für sich wiederherstellen.',
  'Names with values.': 'Namen mit Werten.',
  'Retention and delete leave it alone.': 'Aufbewahrung und Löschen lassen sie stehen.',
  'What is left out, in place of what the options say.':
    'Was ausgelassen wird, anstelle dessen, was die Optionen sagen.',
  'Tables left out, as schema.table.': 'Ausgelassene Tabellen, als schema.tabelle.',
  'Schemas left out.': 'Ausgelassene Schemata.',
  'Tables whose rows are left out, as schema.table.': 'Tabellen, deren Zeilen ausgelassen werden, als schema.tabelle.',
  'Milliseconds for which a schema change may be held up; `wait`: never give way.':
    'Millisekunden, die eine Schemaänderung aufgehalten werden darf; `wait`: nie nachgeben.',
  'Milliseconds to wait for another backup of the same database to end. Default: 0.':
    'Millisekunden, die auf das Ende einer anderen Sicherung derselben Datenbank gewartet wird. Voreingestellt: 0.',
  'zstd level; 0 stores uncompressed.': 'zstd-Stufe; 0 speichert unkomprimiert.',
  'Also the last good backup of its database.': 'Auch die letzte gute Sicherung ihrer Datenbank.',
  'Off: the pin is taken off.': 'Aus: die Anheftung wird gelöst.',
  '`live`, or another backup: number, id, its beginning, `latest`.':
    '`live` oder eine andere Sicherung: Nummer, Id, deren Anfang, `latest`.',
  'Why the file is trusted; it is kept with the backup.':
    'Warum der Datei vertraut wird; es wird bei der Sicherung festgehalten.',
  'manifest, checksums, structure or restore. Default: checksums, then structure.':
    'manifest, checksums, structure oder restore. Voreingestellt: checksums, dann structure.',
  'Several levels, one after the other.': 'Mehrere Stufen, eine nach der anderen.',
  'Five fields; goes before the hour; empty is none, whatever the code says.':
    'Fünf Felder; geht der Stunde vor; leer heißt keiner, was immer im Code steht.',
  "IANA name; empty is none, whatever the code says: the server's own zone.":
    'IANA-Name; leer heißt keine, was immer im Code steht: die des Servers.',
  'Read everything, not only look whether it is there.': 'Alles lesen, nicht nur nachsehen, ob es da ist.',
  'Only say what would be done.': 'Nur sagen, was geschehen würde.',
  'Nothing waits: what no backup needs is deleted at once. Only while nothing else runs.':
    'Nichts wartet: was keine Sicherung braucht, wird sofort gelöscht. Nur während nichts anderes läuft.',
  'Name of a configured copy. Default: all of them.': 'Name einer eingerichteten Kopie. Voreingestellt: alle.',
  'In how many days everything is read once. Default: as configured.':
    'In wie vielen Tagen alles einmal gelesen wird. Voreingestellt: wie eingerichtet.',
  'Repair what is damaged from the copies. Default: as configured.':
    'Beschädigtes aus den Kopien reparieren. Voreingestellt: wie eingerichtet.',
  '`name`, or `schema.name` outside of schema public.': '`name`, oder `schema.name` außerhalb des Schemas public.',
  'Most rows that are shown.': 'So viele Zeilen werden höchstens gezeigt.',
  'Milliseconds for which reads of a table may be blocked.':
    'Millisekunden, die das Lesen einer Tabelle gesperrt sein darf.',
  'Milliseconds for which writes to a table may be blocked.':
    'Millisekunden, die das Schreiben in eine Tabelle gesperrt sein darf.',
  'Tables with fewer rows are no finding.': 'Tabellen mit weniger Zeilen werden nicht gemeldet.',
  'Also run the down steps, and the migrations again.':
    'Auch die Rückschritte ausführen, und die Migrationen noch einmal.',
  'Also whether the running code could restore each.': 'Auch, ob der laufende Code jede wiederherstellen könnte.',
  'Only these.': 'Nur diese.',
  'Only of this channel.': 'Nur von diesem Kanal.',
  'Number of the page.': 'Nummer der Seite.',
  'Entries on a page.': 'Einträge auf einer Seite.',
  'Bytes per second to the repository; 0 is no limit.': 'Bytes je Sekunde zum Repository; 0 ist keine Grenze.',
  'Bytes per second from the repository; 0 is no limit.': 'Bytes je Sekunde vom Repository; 0 ist keine Grenze.',
  'Id of the restore.': 'Id der Wiederherstellung.',
  'swap: beside the live database, then renamed. new-database: nothing is replaced. in-place: in one transaction. media: the media folders alone.':
    'swap: neben der Live-Datenbank, dann umbenannt. new-database: nichts wird ersetzt. in-place: in einer Transaktion. media: nur die Medienordner.',
  'The database to make (new-database) or to replace. Over HTTP only what the host listed in `restoreTargets`.':
    'Die Datenbank, die angelegt (new-database) oder ersetzt wird. Über HTTP nur, was der Betreiber in `restoreTargets` aufgeführt hat.',
  'Also the media folders, where the backup has some.': 'Auch die Medienordner, wo die Sicherung welche hat.',
  'Run the migrations that the backup lacks on the copy.':
    'In der Kopie die Migrationen ausführen, die der Sicherung fehlen.',
  'Off: what is replaced is not backed up first.': 'Aus: was ersetzt wird, wird vorher nicht gesichert.',
  'Refusals to go past, by the name the plan gives them.':
    'Ablehnungen, die übergangen werden, mit dem Namen aus dem Plan.',
  'Roles of the backup, and the roles that stand for them.': 'Rollen der Sicherung und die Rollen, die für sie stehen.',
  'Create roles that are missing, without login.': 'Fehlende Rollen anlegen, ohne Anmeldung.',
  'Everything belongs to the restoring role.': 'Alles gehört der Rolle, die wiederherstellt.',
  'Leave out grants.': 'Rechte auslassen.',
  'Leave out tablespaces.': 'Tablespaces auslassen.',
  'The database to replace is not the one the backup was made of, and that is meant. Over HTTP only where the host listed it.':
    'Die zu ersetzende Datenbank ist nicht die der Sicherung, und das ist so gewollt. Über HTTP nur, wo der Betreiber sie aufgeführt hat.',
  'Objects that are not restored, by name, or all of a kind: extensions, publications, event-triggers, default-privileges, comments.':
    'Objekte, die nicht wiederhergestellt werden, nach Namen oder alle einer Art: extensions, publications, event-triggers, default-privileges, comments.',
  'Foreign keys and CHECK constraints (schema.table.constraint) that are made NOT VALID.':
    'Fremdschlüssel und CHECK-Bedingungen (schema.tabelle.bedingung), die NOT VALID angelegt werden.',
  'Materialized views (schema.view) that are left without rows.':
    'Materialisierte Sichten (schema.sicht), die ohne Zeilen bleiben.',
  'Of an imported backup load the rows alone, into the definitions of this backup of a database; nothing of the file is run.':
    'Von einer importierten Sicherung nur die Zeilen laden, in die Definitionen dieser Sicherung einer Datenbank; nichts aus der Datei wird ausgeführt.',
  'By the masking policy of the host, into a new database: no value that is masked ever gets there.':
    'Nach den Regeln des Betreibers, in eine neue Datenbank: kein maskierter Wert kommt je dorthin.',
  'How long the plan may count what would be lost, in milliseconds. 0: not at all.':
    'Wie lange der Plan zählen darf, was verloren ginge, in Millisekunden. 0: gar nicht.',
  'Newest good ones kept; 0: no limit.': 'So viele der neuesten guten bleiben; 0: keine Grenze.',
  'Days after which one goes; 0: never.': 'Tage, nach denen eine wegfällt; 0: nie.',
  'The newest of so many hours stays.': 'Die neueste aus so vielen Stunden bleibt.',
  'Of so many days.': 'Aus so vielen Tagen.',
  'Of so many weeks.': 'Aus so vielen Wochen.',
  'Of so many months.': 'Aus so vielen Monaten.',
  'Of so many years.': 'Aus so vielen Jahren.',
  'So many may go, also more than half or against a clock: the number that the preview gives.':
    'So viele dürfen wegfallen, auch mehr als die Hälfte oder gegen eine Uhr: die Zahl aus der Vorschau.',
  'Off: the space is left to the next prune.': 'Aus: den Platz gibt erst die nächste Bereinigung frei.',
  'Their space is freed at once, as by a prune with `now`. Only while nothing else runs.':
    'Ihr Platz wird sofort frei, wie bei einer Bereinigung mit `now`. Nur während nichts anderes läuft.',
  'The schema that gets the table; made where there is none.':
    'Das Schema, in das die Tabelle kommt; es wird angelegt, wo es fehlt.',
  "An SQL condition: only rows that meet it. It runs with the rights of the backups' role.":
    'Eine SQL-Bedingung: nur Zeilen, auf die sie zutrifft. Sie läuft mit den Rechten der Rolle der Sicherungen.',
  'Most rows that are given.': 'So viele Zeilen werden höchstens geliefert.',
  'How many rows to pass over first.': 'Wie viele Zeilen zuerst übergangen werden.',
  'Off: what is taken back is not backed up first.': 'Aus: was zurückgenommen wird, wird vorher nicht gesichert.',
  "An SQL condition on the backup's rows: only these. It runs with the rights of the backups' role.":
    'Eine SQL-Bedingung an die Zeilen der Sicherung: nur diese. Sie läuft mit den Rechten der Rolle der Sicherungen.',
  'Of rows that changed since: `backup` replaces them, `live` leaves them.':
    'Bei seitdem geänderten Zeilen: `backup` ersetzt sie, `live` lässt sie.',
  'One SELECT, VALUES or TABLE. It cannot write.': 'Ein SELECT, VALUES oder TABLE. Es darf nicht schreiben.',
  'How long it may run, in milliseconds.': 'Wie lange es laufen darf, in Millisekunden.',
  'These tables only. Default: all tables of the backup but migration ledgers.':
    'Nur diese Tabellen. Voreingestellt: alle Tabellen der Sicherung außer denen der Migrationen.',
  'One tenant only, by its value: all rows from which foreign keys lead to its row, and no others.':
    'Nur ein Mandant, nach seinem Wert: alle Zeilen, von denen Fremdschlüssel zu seiner Zeile führen, und keine anderen.',
  'The table that has a row for each tenant.': 'Die Tabelle, die je Mandant eine Zeile hat.',
  'Its column that identifies the tenant. Default: its primary key.':
    'Ihre Spalte, die Mandanten unterscheidet. Voreingestellt: ihr Primärschlüssel.',
  'Rows added since stay; changed and deleted rows come back.':
    'Seitdem hinzugefügte Zeilen bleiben; geänderte und gelöschte kommen zurück.',
  '`keep`: no number is given out twice. `exact`: sequences go back to where the backup has them.':
    '`keep`: keine Nummer wird zweimal vergeben. `exact`: Sequenzen gehen auf den Stand der Sicherung zurück.',
  'Kind of job: backup, verify, drill, scrub, prune, copy, ...':
    'Art des Auftrags: backup, verify, drill, scrub, prune, copy, ...',
  'IANA name. Default: as in the run-time settings.': 'IANA-Name. Voreingestellt: wie in den Einstellungen.',
  'Runs begin up to so many minutes late.': 'Läufe beginnen bis zu so viele Minuten später.',
  'Off: it is kept, but does not run.': 'Aus: er bleibt erhalten, läuft aber nicht.',
  'What the job is asked for, in the words of the API.': 'Womit der Auftrag läuft, in den Worten der API.',
  'A storage that the host listed in `allowedStorageEndpoints`. Default: the one in use.':
    'Ein Speicher, den der Betreiber in `allowedStorageEndpoints` aufgeführt hat. Voreingestellt: der benutzte.',
  'Ids, in the order wanted.': 'Ids, in der gewünschten Reihenfolge.',
} as const
