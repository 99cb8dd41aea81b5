/** What the server advises after an error, by the English template: `{name}` is an action or an option in its words. */
export const serverErrors = {
  // Repository, keys, storage
  'Check the location, or create a repository there with {repository.init}.':
    'Den Ort prüfen, oder dort mit {repository.init} ein Repository anlegen.',
  'Choose an empty location, or leave out `init` and use the repository that is there.':
    'Einen leeren Ort wählen, oder `init` weglassen und das vorhandene Repository benutzen.',
  'This repository was written by a newer Lifeboat. Update @lifeboat/core and try again.':
    'Dieses Repository hat ein neueres Lifeboat geschrieben. @lifeboat/core aktualisieren und erneut versuchen.',
  'Run {maintenance.check} to see what is damaged; restore the object from a copy of the repository if you have one.':
    'Mit {maintenance.check} sehen, was beschädigt ist; das Objekt aus einer Kopie des Repositorys zurückholen, wo es eine gibt.',
  'The passphrase or key does not open any key slot of this repository. Check which one was used at `init`.':
    'Passphrase oder Schlüssel öffnen keinen Slot dieses Repositorys. Prüfen, womit es bei `init` angelegt wurde.',
  'Give the key: {key}. To leave the backups unprotected, ask for encryption "none" by that name.':
    'Den Schlüssel angeben: {key}. Um die Sicherungen ungeschützt zu lassen, ausdrücklich encryption "none" verlangen.',
  'Try again when the KMS answers. Until then another key slot opens the repository: {key}.':
    'Erneut versuchen, wenn das KMS antwortet. Bis dahin öffnet ein anderer Slot das Repository: {key}.',
  'The repository lacks a chunk this backup needs. Run {maintenance.check}; until it is repaired, choose another backup.':
    'Dem Repository fehlt ein Chunk, den diese Sicherung braucht. {maintenance.check} ausführen; bis dahin eine andere Sicherung wählen.',
  'A prune marked chunks this backup refers to while it ran. Start the backup again.':
    'Eine Bereinigung hat währenddessen Chunks vorgemerkt, auf die diese Sicherung verweist. Die Sicherung noch einmal beginnen.',
  'Another process works on this. Wait for it to finish, or see {doctor} if it is gone.':
    'Ein anderer Prozess arbeitet daran. Auf sein Ende warten, oder {doctor} ansehen, falls er weg ist.',
  'This process could not renew its lease in time: it or the machine was held up, or the storage did not answer. Start again.':
    'Dieser Prozess konnte sein Vorrecht nicht rechtzeitig erneuern: er oder die Maschine stand still, oder der Speicher antwortete nicht. Noch einmal beginnen.',
  'The storage did not carry out an operation. Check that it is reachable and writable, then try again.':
    'Der Speicher hat etwas nicht ausgeführt. Prüfen, ob er erreichbar und beschreibbar ist, dann erneut versuchen.',
  'The storage is full, or its quota is used up. Let backups go with {retention.run} or {backups.delete}, then run {maintenance.prune} with {now}. Where that fails too: free 1 MiB beside the repository first.':
    'Der Speicher ist voll, oder sein Kontingent ist aufgebraucht. Sicherungen mit {retention.run} oder {backups.delete} entfernen, dann {maintenance.prune} mit {now} ausführen. Wo auch das scheitert: zuerst 1 MiB neben dem Repository freimachen.',
  'Is the disk or share mounted? Where there is no repository yet, create one with {repository.init}.':
    'Ist die Platte oder Freigabe eingehängt? Wo es noch kein Repository gibt, mit {repository.init} eines anlegen.',
  'The storage refuses these credentials, rights or settings. See docs/storage.md for what it needs.':
    'Der Speicher lehnt diese Zugangsdaten, Rechte oder Einstellungen ab. Was er braucht, steht in docs/storage.md.',
  'The clock of this machine is wrong, or that of the storage: set it (`timedatectl`, NTP), then try again.':
    'Die Uhr dieser Maschine geht falsch, oder die des Speichers: stellen (`timedatectl`, NTP), dann erneut versuchen.',
  'Add the storage to `allowedStorageEndpoints` in code, or leave out `url` to test the one in use.':
    'Den Speicher im Code in `allowedStorageEndpoints` aufnehmen, oder `url` weglassen, um den benutzten zu testen.',
  'Add the database to `restoreTargets` in code, or restore by the command.':
    'Die Datenbank im Code in `restoreTargets` aufnehmen, oder mit dem Befehl wiederherstellen.',
  'Copies are configured by the option `copies`; see docs/storage.md.':
    'Kopien werden mit der Option `copies` eingerichtet; siehe docs/storage.md.',

  // Backups
  'List the backups with {backups.list}.': 'Die Sicherungen zeigt {backups.list}.',
  'Give more characters of the id.': 'Mehr Zeichen der Id angeben.',
  'Give more characters of the restore, or the name of the kept database.':
    'Mehr Zeichen der Wiederherstellung angeben, oder den Namen der aufbewahrten Datenbank.',
  'Cancel its task, or wait until it has ended.': 'Ihren Auftrag abbrechen, oder warten, bis er endet.',
  'Unpin the backup first.': 'Zuerst die Anheftung der Sicherung lösen.',
  'An object lock holds until then, also for its owner. Retention passes it over until then.':
    'Eine Objektsperre gilt bis dahin, auch für den Eigentümer. Die Aufbewahrung übergeht sie so lange.',
  'This is the last good backup of its database. Make another one first.':
    'Das ist die letzte gute Sicherung ihrer Datenbank. Zuerst eine weitere erstellen.',
  'Restore it with {schemaFrom}, a backup of a database whose definitions the rows are loaded into.':
    'Mit {schemaFrom} wiederherstellen: einer Sicherung einer Datenbank, in deren Definitionen die Zeilen geladen werden.',
  'Look at what a restore would run ({backups.get}), then take it out of quarantine with {backups.trust}.':
    'Ansehen, was eine Wiederherstellung ausführen würde ({backups.get}), dann mit {backups.trust} aus der Quarantäne holen.',
  'Choose a backup of the database. Media come back with {strategy} media.':
    'Eine Sicherung der Datenbank wählen. Medien kommen mit {strategy} media zurück.',
  'Look at {retention.preview} and at the clocks. If it is what you want, name the number: {yesRemove} N.':
    '{retention.preview} und die Uhren ansehen. Ist es so gewollt, die Zahl nennen: {yesRemove} N.',
  'An undo of a restore or rewind needs this backup. Discard the restore first ({restores.discard}); what a rewind needs is kept for a few days ({rows.kept}).':
    'Die Rücknahme einer Wiederherstellung oder Rückspulung braucht diese Sicherung. Zuerst die Wiederherstellung verwerfen ({restores.discard}); was eine Rückspulung braucht, bleibt einige Tage ({rows.kept}).',
  'The rows written differ from the rows counted in the same snapshot. Nothing was kept; run again and report this.':
    'Die geschriebenen Zeilen weichen von den im selben Snapshot gezählten ab. Nichts wurde aufbewahrt; noch einmal ausführen und dies melden.',
  'PostgreSQL cannot write this value as COPY text (1 GB limit). Leave the table or its rows out, or split the value.':
    'PostgreSQL kann diesen Wert nicht als COPY-Text schreiben (Grenze 1 GB). Die Tabelle oder ihre Zeilen auslassen, oder den Wert teilen.',
  'A schema change and this backup wait for each other. Run the backup at another time, or with {lockBudget}.':
    'Eine Schemaänderung und diese Sicherung warten aufeinander. Die Sicherung zu anderer Zeit ausführen, oder mit {lockBudget}.',
  'The backup took longer than a snapshot may live. Raise {maxSnapshotAge}, or give it more connections.':
    'Die Sicherung dauerte länger, als ein Snapshot leben darf. {maxSnapshotAge} erhöhen, oder mehr Verbindungen geben.',
  'Nothing moved for too long. Check the network to the database, and the storage, then try again.':
    'Zu lange bewegte sich nichts. Das Netz zur Datenbank und den Speicher prüfen, dann erneut versuchen.',
  'Tables kept changing under the backup. Run it when no migration is running.':
    'Tabellen änderten sich während der Sicherung. Ausführen, wenn keine Migration läuft.',
  'Take the migrations table out of what is left out: restored without it, every migration would run again.':
    'Die Tabelle der Migrationen nicht auslassen: ohne sie liefe nach einer Wiederherstellung jede Migration noch einmal.',
  'Create the media folder or leave it out of the configuration.':
    'Den Medienordner anlegen, oder aus der Konfiguration nehmen.',

  // The database
  'Check host, port and that PostgreSQL is running.': 'Rechner und Port prüfen, und ob PostgreSQL läuft.',
  'Check sslmode and sslrootcert of the database URL, and the certificate of the server.':
    'sslmode und sslrootcert der Datenbank-URL prüfen, und das Zertifikat des Servers.',
  'Check user and password of the database URL.': 'Benutzer und Passwort der Datenbank-URL prüfen.',
  'Check the database name in the URL.': 'Den Namen der Datenbank in der URL prüfen.',
  'Grant the role what is named above, or use a role that has it.':
    'Der Rolle geben, was oben genannt ist, oder eine Rolle benutzen, die es hat.',
  'This is a transaction pooler. Give the direct URL of the PostgreSQL server, or of a pooler in session mode.':
    'Das ist ein Transaktions-Pooler. Die direkte URL des PostgreSQL-Servers angeben, oder die eines Poolers im Session-Modus.',
  'Lifeboat supports PostgreSQL 15 to 18.': 'Lifeboat unterstützt PostgreSQL 15 bis 18.',
  'End the sessions or operations named above and try again.':
    'Die oben genannten Sitzungen oder Vorgänge beenden und erneut versuchen.',
  'Rename what is named above (ALTER TABLE ... RENAME), from a client with client_encoding SQL_ASCII; or use pg_dump for this database.':
    'Umbenennen, was oben genannt ist (ALTER TABLE ... RENAME), mit client_encoding SQL_ASCII; oder für diese Datenbank pg_dump benutzen.',
  'The files of the PostgreSQL server or of an extension were upgraded under the running server: restart the server.':
    'Dateien des PostgreSQL-Servers oder einer Erweiterung wurden unter dem laufenden Server aktualisiert: den Server neu starten.',
  'The disk of the PostgreSQL server is full. Free space there, and try again.':
    'Die Platte des PostgreSQL-Servers ist voll. Dort Platz schaffen und erneut versuchen.',
  'PostgreSQL refused a statement; its message says why.':
    'PostgreSQL hat eine Anweisung abgelehnt; seine Meldung sagt, warum.',
  'Use a superuser or a role with BYPASSRLS (ALTER ROLE ... BYPASSRLS); the owner will do where the table does not FORCE row security.':
    'Einen Superuser oder eine Rolle mit BYPASSRLS benutzen (ALTER ROLE ... BYPASSRLS); der Eigentümer genügt, wo die Tabelle kein FORCE ROW LEVEL SECURITY hat.',
  'Install the PostgreSQL client tools of the server version or newer (Debian: apt install postgresql-client-NN).':
    'Die Client-Werkzeuge von PostgreSQL in der Version des Servers oder neuer installieren (Debian: apt install postgresql-client-NN).',
  'pg_dump must not be older than the server. Install postgresql-client of the server version.':
    'pg_dump darf nicht älter sein als der Server. postgresql-client in der Version des Servers installieren.',
  'The PostgreSQL client tool failed; its message is above.':
    'Das Client-Werkzeug von PostgreSQL ist gescheitert; seine Meldung steht oben.',
  'This is not a pg_dump custom-format archive of version 1.14 to 1.16.':
    'Das ist kein Archiv im Custom-Format von pg_dump, Version 1.14 bis 1.16.',

  // Restores
  'The plan says why. Change what it names, or override it by the name it gives.':
    'Der Plan sagt, warum. Ändern, was er nennt, oder es mit dem genannten Namen übergehen.',
  'The restore stopped; the database it would have replaced is as it was.':
    'Die Wiederherstellung hat angehalten; die Datenbank, die sie ersetzt hätte, ist wie zuvor.',
  'The database is restored. Put the unpacked media folder into place by hand, or undo the restore.':
    'Die Datenbank ist wiederhergestellt. Den entpackten Medienordner von Hand an seinen Platz bringen, oder die Wiederherstellung rückgängig machen.',
  'List the restores with {restores.kept}.': 'Die Wiederherstellungen zeigt {restores.kept}.',
  'The safety backup failed, so nothing was restored. Remove its cause, or go ahead with {withoutSafetyBackup}.':
    'Die Sicherheitskopie ist gescheitert, daher wurde nichts wiederhergestellt. Die Ursache beheben, oder mit {withoutSafetyBackup} fortfahren.',
  'What the plan saw has changed. Look at the new plan and confirm it.':
    'Was der Plan sah, hat sich geändert. Den neuen Plan ansehen und bestätigen.',
  'Look at the plan and repeat the request with its hash in "confirm".':
    'Den Plan ansehen und die Anfrage mit seinem Hash in "confirm" wiederholen.',
  'A migration failed on the restored copy; the live database is as it was. See the log.':
    'Eine Migration ist in der wiederhergestellten Kopie gescheitert; die Live-Datenbank ist wie zuvor. Siehe Protokoll.',
  'Look at the live database at once: migrations ran there. Make the tool take its address from DATABASE_URL alone.':
    'Sofort die Live-Datenbank ansehen: dort liefen Migrationen. Das Werkzeug darf seine Adresse nur aus DATABASE_URL nehmen.',
  'Nothing was migrated. Correct what is named above first.':
    'Nichts wurde migriert. Zuerst beheben, was oben genannt ist.',
  'The backup made before it stays pinned; its restore without migrations puts the database back.':
    'Die Sicherung von davor bleibt angeheftet; ihre Wiederherstellung ohne Migrationen bringt die Datenbank zurück.',
  'Write the migration as the report says, or raise the limits where that wait is acceptable.':
    'Die Migration so schreiben, wie der Bericht sagt, oder die Grenzen erhöhen, wo das Warten vertretbar ist.',
  'A restore in need would meet the same. {drills.list} says what is wrong; correct it, and run the drill again.':
    'Eine Wiederherstellung im Notfall träfe auf dasselbe. {drills.list} sagt, was nicht stimmt; beheben und die Übung wiederholen.',
  'Nothing is known to be wrong with the backup. Remove what kept the drill from finding out, and run it again.':
    'Von der Sicherung ist nichts Falsches bekannt. Beheben, was die Übung aufgehalten hat, und sie wiederholen.',
  'A validator refused the restored copy; the live database is as it was.':
    'Eine Prüfung der Anwendung hat die wiederhergestellte Kopie abgelehnt; die Live-Datenbank ist wie zuvor.',

  // Rows
  'The server was put back, failed over or restored since, or its memory lies. Restore the backup by swap instead.':
    'Der Server wurde seitdem zurückgesetzt, umgeschaltet oder wiederhergestellt, oder seine Angaben stimmen nicht. Die Sicherung stattdessen durch Tausch wiederherstellen.',
  'Tables are not what they were when the backup was made. Restore the backup by swap, or name tables that are: {tables}.':
    'Tabellen sind nicht mehr, was sie bei der Sicherung waren. Die Sicherung durch Tausch wiederherstellen, oder Tabellen nennen, die es sind: {tables}.',
  'Migrations have run since the backup. Restore it by swap, which runs them again, or name tables: {tables}.':
    'Seit der Sicherung liefen Migrationen. Durch Tausch wiederherstellen, dabei laufen sie noch einmal, oder Tabellen nennen: {tables}.',
  'Use the owner of the tables, or `GRANT SET ON PARAMETER session_replication_role TO <role>` with INSERT and DELETE on them.':
    'Den Eigentümer der Tabellen benutzen, oder `GRANT SET ON PARAMETER session_replication_role TO <role>` mit INSERT und DELETE auf ihnen.',
  'Without a primary key new rows cannot be told from changed ones. Leave the table out, or do not keep new rows.':
    'Ohne Primärschlüssel sind neue Zeilen nicht von geänderten zu unterscheiden. Die Tabelle auslassen, oder neue Zeilen nicht behalten.',
  'Take the other table of the foreign key back too, or change the rows that are named; nothing was changed.':
    'Auch die andere Tabelle des Fremdschlüssels zurücknehmen, oder die genannten Zeilen ändern; nichts wurde geändert.',
  'Rows that would have to change are not this tenant’s alone. Change the rows that are named, or put single rows back with {rows.patch}; nothing was changed.':
    'Zeilen, die sich ändern müssten, gehören nicht nur diesem Mandanten. Die genannten Zeilen ändern, oder einzelne mit {rows.patch} zurückholen; nichts wurde geändert.',
  'A newer row holds a value that a row of the backup needs. Change or remove it, or do not keep new rows.':
    'Eine neuere Zeile hat einen Wert, den eine Zeile der Sicherung braucht. Ändern oder entfernen, oder neue Zeilen nicht behalten.',
  'So much has changed that a restore by swap is cheaper. Override with `too-much-changed` to do it all the same.':
    'So viel hat sich geändert, dass eine Wiederherstellung durch Tausch günstiger ist. Mit `too-much-changed` übergehen, um es trotzdem zu tun.',
  'A subscription writes into this database. Disable and drop it first, or restore by swap.':
    'Eine Subscription schreibt in diese Datenbank. Zuerst abschalten und löschen, oder durch Tausch wiederherstellen.',
  'Rules of these tables would answer for what is written. Disable them first.':
    'Regeln dieser Tabellen würden das Geschriebene abfangen. Zuerst abschalten.',
  'Rows that were put back have changed since. Rewind to the safety backup instead; {rows.lost} shows what that would take.':
    'Zurückgeholte Zeilen haben sich seitdem geändert. Stattdessen auf die Sicherheitskopie zurückspulen; was das kosten würde, zeigt {rows.lost}.',
  'List the rewinds that can be undone with {rows.kept}.':
    'Die Rückspulungen, die sich rückgängig machen lassen, zeigt {rows.kept}.',
  'Complete the option `masking`: {masking.suggest} writes a line for each column that is not named. Then look again with {masking.check}.':
    'Die Option `masking` ergänzen: {masking.suggest} schreibt eine Zeile für jede nicht genannte Spalte. Dann mit {masking.check} erneut ansehen.',
  'Correct the function; it takes each value as a text and returns a text or null. Nothing was kept of the copy.':
    'Die Funktion berichtigen; sie bekommt jeden Wert als Text und liefert einen Text oder null. Von der Kopie blieb nichts.',
  'Mask the columns that are named too, then make the copy again. Nothing was kept of this one.':
    'Auch die genannten Spalten maskieren, dann die Kopie noch einmal anlegen. Von dieser blieb nichts.',

  // Notifications, catalog, jobs, approvals
  'Channels are configured by the option `notifications`; list them with {notifications.list}.':
    'Kanäle werden mit der Option `notifications` eingerichtet; {notifications.list} zeigt sie.',
  'List what was sent with {notifications.deliveries}.': 'Was gesendet wurde, zeigt {notifications.deliveries}.',
  'List the alarms with {alarms.list}.': 'Die Alarme zeigt {alarms.list}.',
  'A restore or an undo takes the catalog along, which lasts moments. Try again; nothing was written.':
    'Eine Wiederherstellung oder Rücknahme nimmt den Katalog mit, das dauert Augenblicke. Erneut versuchen; nichts wurde geschrieben.',
  'Backups, lists and restores go on without the catalog. Move it aside and start again: {adopt} fills a new one.':
    'Sicherungen, Listen und Wiederherstellungen gehen ohne den Katalog weiter. Ihn beiseitelegen und neu starten: {adopt} füllt einen neuen.',
  'See {audit.verify}. Keep the catalog and the repository as they are now.':
    'Siehe {audit.verify}. Katalog und Repository so lassen, wie sie jetzt sind.',
  'Correct the option named above.': 'Die oben genannte Option berichtigen.',
  'See {help}.': 'Siehe {help}.',
  'The operation was interrupted and has cleaned up after itself.':
    'Der Vorgang wurde unterbrochen und hat hinter sich aufgeräumt.',
  'List the tasks with {tasks.list}.': 'Die Aufträge zeigt {tasks.list}.',
  'There is nothing left to cancel.': 'Es gibt nichts mehr abzubrechen.',
  'List the schedules with {schedules.list}.': 'Die Zeitpläne zeigt {schedules.list}.',
  'Wait for it to be completed, or choose another one.': 'Warten, bis sie abgeschlossen ist, oder eine andere wählen.',
  'Ask another person to approve it with {approvals.approve}; then ask for the same again.':
    'Eine andere Person um Freigabe bitten: {approvals.approve}; dann dasselbe noch einmal ausführen.',
  'See {approvals.list}.': 'Siehe {approvals.list}.',
  'Ask for the action again: that makes a new request.':
    'Die Aktion noch einmal ausführen: das stellt eine neue Anfrage.',
  'Ask one of the people who can approve it: {approvals.show} lists them.':
    'Eine der Personen bitten, die freigeben können: {approvals.show} nennt sie.',
  'Add people who can approve to `approvals.people`, in code, or ask for fewer approvers there.':
    'Im Code in `approvals.people` Personen aufnehmen, die freigeben können, oder dort weniger verlangen.',
  'Check what `approvals.people` returns, in the code of the application.':
    'Im Code der Anwendung prüfen, was `approvals.people` liefert.',
  'Targets are configured by the option `targets`; {targets.list} lists them.':
    'Ziele werden mit der Option `targets` eingerichtet; {targets.list} zeigt sie.',
  'Look whether the URL of the target leads where it should. A target is adopted once, with {targets.adopt}.':
    'Prüfen, ob die URL des Ziels dorthin führt, wohin sie soll. Ein Ziel wird einmal übernommen, mit {targets.adopt}.',
  'The target is as it was. Take the table out of `carryOver`, carry over the other end of the foreign key too, or bring both to one schema by the migrations of the target.':
    'Das Ziel ist, wie es war. Die Tabelle aus `carryOver` nehmen, das andere Ende des Fremdschlüssels auch übernehmen, oder beide durch die Migrationen des Ziels auf ein Schema bringen.',
  'Let the catalog and the repository be written again: {doctor}. In an emergency go ahead with {unrecorded} and a reason: it is recorded as soon as that is possible.':
    'Katalog und Repository wieder beschreibbar machen: {doctor}. Im Notfall mit {unrecorded} und einem Grund weitermachen: es wird festgehalten, sobald das möglich ist.',
  'The backup gave way: session {pid} had waited {n} ms for it ({statement}).':
    'Die Sicherung hat nachgegeben: Sitzung {pid} hatte {n} ms auf sie gewartet ({statement}).',
  'The backup waited {n} ms for a table that session {pid} ({statement}) has locked.':
    'Die Sicherung hat {n} ms auf eine Tabelle gewartet, die Sitzung {pid} ({statement}) gesperrt hat.',
  'The backup waited {n} ms for a table that another session has locked.':
    'Die Sicherung hat {n} ms auf eine Tabelle gewartet, die eine andere Sitzung gesperrt hat.',
  'Session {pid} holds a lock on a table of the backup.':
    'Sitzung {pid} hält eine Sperre auf einer Tabelle der Sicherung.',
  'Tables changed under {n} attempts to take a snapshot.':
    'Tabellen haben sich bei {n} Versuchen, einen Snapshot zu erstellen, geändert.',
  'This needs the permission {permission}.': 'Dafür ist das Recht {permission} nötig.',
  'To take a pin off needs the permission {permission}.':
    'Um die Anheftung zu lösen, ist das Recht {permission} nötig.',
  'This alarm holds a backup: to acknowledge it needs the permission {permission}.':
    'Dieser Alarm hält eine Sicherung fest: um ihn zu bestätigen, ist das Recht {permission} nötig.',
  'It needs the approval of another person: {approvals.approve}.':
    'Es braucht die Freigabe einer anderen Person: {approvals.approve}.',
  'Ask for this permission, or have it done by a person who has it.':
    'Um dieses Recht bitten, oder es von einer Person ausführen lassen, die es hat.',
  'Correct what is named above.': 'Beheben, was oben genannt ist.',
  'This is a defect in Lifeboat. Please report it with the message above.':
    'Das ist ein Fehler in Lifeboat. Bitte mit der Meldung oben melden.',

  // What the tokens of advice are in the words of HTTP
  'the option `encryption` in code': 'die Option `encryption` im Code',
  'the option `database` in code': 'die Option `database` im Code',
  '`lifeboat init` where the engine runs': '`lifeboat init`, wo die Engine läuft',
  '`lifeboat key add` where the engine runs': '`lifeboat key add`, wo die Engine läuft',
  '`fingerprint` beside `ageIdentity` in code': '`fingerprint` neben `ageIdentity` im Code',
  '`resources.maxSnapshotAgeMs` in code': '`resources.maxSnapshotAgeMs` im Code',
  '`mediaTarget` of the library': '`mediaTarget` der Bibliothek',
  '`engine.rows.kept()` in code': '`engine.rows.kept()` im Code',
  '`tables` in code': '`tables` im Code',
} as const
