/** Restores: where they begin, their plan, what came of them; and drills. */
export const restore = {
  // Where a restore begins
  'Choose a backup. Nothing happens before you have seen the plan and confirmed it.':
    'Eine Sicherung wählen. Nichts geschieht, bevor Sie den Plan gesehen und bestätigt haben.',
  'From which backup?': 'Aus welcher Sicherung?',
  'Backups that can be restored': 'Sicherungen, die wiederhergestellt werden können',
  'Restore<hidden> backup {number}</hidden>…': '<hidden>Sicherung {number} </hidden>Wiederherstellen…',
  'Restores so far': 'Bisherige Wiederherstellungen',
  'What restores and rewinds have kept': 'Was Wiederherstellungen und Rückspulungen aufbewahrt haben',
  'Nothing has been restored yet.': 'Noch wurde nichts wiederhergestellt.',
  'A restore begins at a backup: choose one, and look at the plan.':
    'Eine Wiederherstellung beginnt bei einer Sicherung: eine wählen und den Plan ansehen.',
  'Restores, as a table': 'Wiederherstellungen, als Tabelle',
  Way: 'Weg',
  'Can be undone': 'Rücknehmbar',
  'until {time}': 'endet {time}',
  'swapped in by renaming': 'durch Umbenennen getauscht',
  'into a new database': 'in eine neue Datenbank',
  'in place': 'an Ort und Stelle',

  'Refreshes of targets so far': 'Bisherige Auffrischungen von Zielen',
  'Rows of the subset': 'Zeilen der Teilmenge',
  'Rows of the subset, as a table': 'Zeilen der Teilmenge, als Tabelle',
  'Rows kept': 'Behaltene Zeilen',
  'In the backup': 'In der Sicherung',
  Why: 'Warum',
  'The subset begins with them.': 'Die Teilmenge beginnt mit ihnen.',
  'They refer to rows of the subset.': 'Sie verweisen auf Zeilen der Teilmenge.',
  'Rows of the subset refer to them.': 'Zeilen der Teilmenge verweisen auf sie.',
  'Copied whole.': 'Ganz kopiert.',
  'Left empty.': 'Leer gelassen.',

  // What is wanted
  'Restore “{name}”': '„{name}“ wiederherstellen',
  'Restore backup {number}': 'Sicherung {number} wiederherstellen',
  'This backup is {status}. Only a completed one can be restored.':
    'Der Status dieser Sicherung: {status}. Nur eine abgeschlossene kann wiederhergestellt werden.',
  '<link>No. {number}</link>, made {time}.': '<link>Nr. {number}</link>, erstellt {time}.',
  'What has changed since?': 'Was hat sich seitdem geändert?',
  'Nothing happens before you confirm at the end of this page.':
    'Nichts geschieht, bevor Sie am Ende dieser Seite bestätigen.',
  '1. What you want': '1. Was geschehen soll',
  'Where to': 'Wohin',
  'Replace the database, with a way back': 'Die Datenbank ersetzen, mit Weg zurück',
  'Restored beside the live database, checked there, then swapped in by renaming. The old one is kept, so it can be undone.':
    'Neben der Live-Datenbank wiederhergestellt, dort geprüft, dann durch Umbenennen getauscht. Die alte wird aufbewahrt, sodass sich die Wiederherstellung rückgängig machen lässt.',
  'Restore into a new database': 'In eine neue Datenbank wiederherstellen',
  'Nothing is replaced. For looking something up, or for trying a restore.':
    'Nichts wird ersetzt. Um etwas nachzusehen oder eine Wiederherstellung zu testen.',
  'Replace the contents in place': 'Den Inhalt an Ort und Stelle ersetzen',
  'For a role that cannot create databases. The application waits while it runs.':
    'Für eine Rolle, die keine Datenbanken anlegen darf. Die Anwendung wartet, solange es läuft.',
  'Replace the media folders alone': 'Nur die Medienordner ersetzen',
  'The database stays as it is. What is in the folders now is backed up first, and kept.':
    'Die Datenbank bleibt, wie sie ist. Was jetzt in den Ordnern ist, wird vorher gesichert und aufbewahrt.',
  'Run missing migrations': 'Fehlende Migrationen ausführen',
  'On the restored copy, before it goes live, where the backup is older than the code.':
    'In der wiederhergestellten Kopie, bevor sie live geht, falls die Sicherung älter ist als der Code.',
  'Restore media too': 'Auch Medien wiederherstellen',
  'Roles and privileges': 'Rollen und Rechte',
  'Create roles that are missing': 'Fehlende Rollen anlegen',
  'Without login.': 'Ohne Anmeldung.',
  'Leave owners and privileges out': 'Eigentümer und Rechte auslassen',
  'Everything then belongs to the role that restores.': 'Alles gehört dann der Rolle, die wiederherstellt.',
  'Into the definitions of this backup': 'In die Definitionen dieser Sicherung',
  'Of the file the rows alone are trusted. A number, or “latest”.':
    'Von der Datei wird nur den Zeilen vertraut. Eine Nummer oder „latest“.',
  'Leave tablespaces out': 'Tablespaces auslassen',
  'Name of the new database': 'Name der neuen Datenbank',
  'Mask personal data': 'Personenbezogene Daten maskieren',
  'By the application’s masking policy, before a row gets there. The copy is searched for values that were masked before it can be used.':
    'Nach den Regeln der Anwendung, bevor eine Zeile dort ankommt. Die Kopie wird nach maskierten Werten durchsucht, bevor sie benutzt werden kann.',

  // The plan
  '2. What would happen': '2. Was geschehen würde',
  refused: 'abgelehnt',
  'can begin': 'kann beginnen',
  'Go ahead all the same': 'Trotzdem fortfahren',
  'Down steps that the backup carries': 'Rückschritte, die die Sicherung mitbringt',
  'hash {hash}': 'Hash {hash}',
  signed: 'unterschrieben',
  'not signed': 'nicht unterschrieben',
  'Run these steps on the copy': 'Diese Schritte auf der Kopie ausführen',
  'Overridden by you.': 'Von Ihnen übergangen.',
  'Create these roles': 'Diese Rollen anlegen',
  'It is meant: replace this database': 'So gewollt: diese Datenbank ersetzen',
  'Restore in place instead': 'Stattdessen an Ort und Stelle wiederherstellen',
  'The running code can restore <link>backup {number}</link>, made {time}.':
    'Der laufende Code kann <link>Sicherung {number}</link> wiederherstellen, erstellt {time}.',
  Steps: 'Schritte',
  'about {time} in all': 'etwa {time} insgesamt',
  'Show {n} earlier | Show {n} earlier': '{n} frühere anzeigen | {n} frühere anzeigen',
  'in the backup': 'in der Sicherung',
  'will run on the copy': 'läuft in der Kopie',
  'missing in the backup': 'fehlt in der Sicherung',
  'unknown to the code': 'dem Code unbekannt',
  'changed since it was applied': 'seit dem Anwenden geändert',
  'began and did not finish': 'begonnen und nicht beendet',
  'The backup has the schema the running code expects.':
    'Die Sicherung hat das Schema, das der laufende Code erwartet.',
  'The backup is older than the running code. What is missing runs on the restored copy, before it goes live.':
    'Die Sicherung ist älter als der laufende Code. Was fehlt, läuft in der wiederhergestellten Kopie, bevor sie live geht.',
  'The backup is older than the running code, and what is missing is not run: the code might not work with it.':
    'Die Sicherung ist älter als der laufende Code, und was fehlt, wird nicht ausgeführt: der Code funktioniert damit vielleicht nicht.',
  'The backup is newer than the running code. Deploy the release that has these migrations first.':
    'Die Sicherung ist neuer als der laufende Code. Zuerst die Version ausliefern, die diese Migrationen hat.',
  'Backup and code have gone separate ways. Deploy the release this backup belongs to.':
    'Sicherung und Code haben sich getrennt entwickelt. Die Version ausliefern, zu der diese Sicherung gehört.',
  'Migrations were changed after they had been applied.': 'Migrationen wurden geändert, nachdem sie angewendet waren.',
  'A migration began and did not finish in the database of this backup. Choose an older backup.':
    'Eine Migration hat in der Datenbank dieser Sicherung begonnen und nicht geendet. Eine ältere Sicherung wählen.',
  'Backup and code cannot be compared.': 'Sicherung und Code lassen sich nicht vergleichen.',
  'A safety backup of the media folders is made first.': 'Zuerst wird eine Sicherheitskopie der Medienordner erstellt.',
  'The present folders are kept beside the new ones. {database} stays as it is.':
    'Die jetzigen Ordner werden neben den neuen aufbewahrt. {database} bleibt, wie sie ist.',
  'Nothing is replaced: {database} is made new.': 'Nichts wird ersetzt: {database} wird neu angelegt.',
  'A safety backup of what is there now is made first.':
    'Zuerst wird eine Sicherheitskopie des jetzigen Stands erstellt.',
  'No safety backup is made.': 'Es wird keine Sicherheitskopie erstellt.',
  'That backup is the only way back.': 'Diese Sicherung ist der einzige Weg zurück.',
  'The present database is kept under another name, so that this can be undone in a moment. Until the swap, the application goes on with the present one.':
    'Die jetzige Datenbank wird unter anderem Namen aufbewahrt, sodass sich dies in einem Augenblick rückgängig machen lässt. Bis zum Tausch arbeitet die Anwendung mit der jetzigen weiter.',
  'What is lost': 'Was verloren geht',
  'What would be lost could not be counted: {reason}.': 'Was verloren ginge, ließ sich nicht zählen: {reason}.',
  'No row is lost: nothing was added or changed since the backup.':
    'Keine Zeile geht verloren: seit der Sicherung wurde nichts hinzugefügt oder geändert.',
  'Rows that are lost, by table': 'Verlorene Zeilen, nach Tabelle',
  'Come back': 'Kommen zurück',
  'not counted': 'nicht gezählt',
  'and {n} more table | and {n} more tables': 'und {n} weitere Tabelle | und {n} weitere Tabellen',
  'Made since the backup, and lost as a whole: {tables}.': 'Seit der Sicherung angelegt und ganz verloren: {tables}.',
  'Rows that were not counted and that were added or changed since the backup are not in it.':
    'Nicht gezählte Zeilen, die seit der Sicherung hinzugefügt oder geändert wurden, sind nicht in ihr.',
  '{n} row that was added or changed since the backup is not in it. | {n} rows that were added or changed since the backup are not in it.':
    '{n} Zeile, die seit der Sicherung hinzugefügt oder geändert wurde, ist nicht in ihr. | {n} Zeilen, die seit der Sicherung hinzugefügt oder geändert wurden, sind nicht in ihr.',
  'At least {n} row that was added or changed since the backup is not in it. | At least {n} rows that were added or changed since the backup are not in it.':
    'Mindestens {n} Zeile, die seit der Sicherung hinzugefügt oder geändert wurde, ist nicht in ihr. | Mindestens {n} Zeilen, die seit der Sicherung hinzugefügt oder geändert wurden, sind nicht in ihr.',

  // The confirmation
  '3. Confirm': '3. Bestätigen',
  'You may look at this plan. To run it you need the right to restore.':
    'Sie dürfen diesen Plan ansehen. Um ihn auszuführen, brauchen Sie das Recht zur Wiederherstellung.',
  'This restore is refused for the reasons above. Once they are dealt with, it can be confirmed here.':
    'Diese Wiederherstellung ist aus den Gründen oben abgelehnt. Sind sie behoben, kann sie hier bestätigt werden.',
  'This replaces the media folders with those of backup {number}. The database `{database}` stays as it is.':
    'Das ersetzt die Medienordner durch die aus Sicherung {number}. Die Datenbank `{database}` bleibt, wie sie ist.',
  'This replaces the live database `{database}` with what is in backup {number}.':
    'Das ersetzt die Live-Datenbank `{database}` durch den Inhalt von Sicherung {number}.',
  'This makes the database `{database}`.': 'Das legt die Datenbank `{database}` an.',
  'This is not the name of the database.': 'Das ist nicht der Name der Datenbank.',
  'Restore now': 'Jetzt wiederherstellen',
  'Make the database': 'Datenbank anlegen',

  // A restore, and the way back
  'Restore of {database}': 'Wiederherstellung von {database}',
  'begun {time} by {person}': 'begonnen {time}, von {person}',
  'The server could not be asked now: this is what was seen last.':
    'Der Server war gerade nicht erreichbar: das ist der letzte bekannte Stand.',
  'What it is': 'Was es ist',
  'none to compare': 'keine zum Vergleichen',
  'Safety backup': 'Sicherheitskopie',
  'Kept database': 'Aufbewahrte Datenbank',
  'Kept until': 'Aufbewahrt bis',
  'Log of the restore': 'Protokoll der Wiederherstellung',
  'Migrations run': 'Ausgeführte Migrationen',
  'Data migrations': 'Datenmigrationen',
  'Validators passed': 'Bestandene Prüfungen',
  'It did not work.': 'Es hat nicht funktioniert.',
  'The way back': 'Der Weg zurück',
  'The database from before is kept as `{database}`.': 'Die Datenbank von davor ist aufbewahrt als `{database}`.',
  'The database from before is kept as `{database}`, to be dropped {time}.':
    'Die Datenbank von davor ist aufbewahrt als `{database}`; gelöscht wird sie {time}.',
  'Undo this restore': 'Wiederherstellung rückgängig machen',
  'Undo this restore?': 'Wiederherstellung rückgängig machen?',
  'Undo now': 'Jetzt rückgängig machen',
  'The database from before the restore becomes {database} again, by renaming. What was written since the restore is not in it; the restored database is kept in its turn.':
    'Die Datenbank von vor der Wiederherstellung wird durch Umbenennen wieder {database}. Was seit der Wiederherstellung geschrieben wurde, ist nicht in ihr; die wiederhergestellte Datenbank wird ihrerseits aufbewahrt.',
  'Drop the old database': 'Alte Datenbank löschen',
  'Drop the old database?': 'Alte Datenbank löschen?',
  'There is no undo after that. What was in {database} before the restore is then only in backups.':
    'Danach lässt es sich nicht mehr rückgängig machen. Was vor der Wiederherstellung in {database} war, ist dann nur noch in Sicherungen.',
  'The restored database is kept as `{database}`.': 'Die wiederhergestellte Datenbank ist aufbewahrt als `{database}`.',
  'The restored database is kept as `{database}`, to be dropped {time}.':
    'Die wiederhergestellte Datenbank ist aufbewahrt als `{database}`; gelöscht wird sie {time}.',
  'Bring the restored one back': 'Die wiederhergestellte zurückholen',
  'Bring the restored database back?': 'Die wiederhergestellte Datenbank zurückholen?',
  'Bring it back now': 'Jetzt zurückholen',
  'The restored database becomes {database} again, by renaming. What was written since the undo is not in it; the present database is kept in its turn.':
    'Die wiederhergestellte Datenbank wird durch Umbenennen wieder {database}. Was seit der Rücknahme geschrieben wurde, ist nicht in ihr; die jetzige Datenbank wird ihrerseits aufbewahrt.',
  'Drop the restored database': 'Wiederhergestellte Datenbank löschen',
  'Drop the restored database?': 'Wiederhergestellte Datenbank löschen?',
  '{database} stays as it is. What was restored is then only in the backup.':
    '{database} bleibt, wie sie ist. Was wiederhergestellt wurde, ist dann nur noch in der Sicherung.',
  'Drop it for good': 'Endgültig löschen',
  'what was restored': 'was wiederhergestellt wurde',
  'what was there before': 'was vorher da war',

  // Drills
  'A drill restores a backup on the side as in need, migrates and checks it, measures how long that takes, and drops it.':
    'Eine Übung stellt eine Sicherung wie im Notfall daneben wieder her, migriert und prüft sie, misst, wie lange das dauert, und löscht sie wieder.',
  'Have one made each week': 'Jede Woche üben lassen',
  'There was no drill yet.': 'Es gab noch keine Übung.',
  'Begin one at a <link>backup</link>: Drill, restore it on the side.':
    'Sie beginnt bei einer <link>Sicherung</link>: Übung, daneben wiederherstellen.',
  'All drills': 'Alle Übungen',
  'How long each drill took to recover, and in all':
    'Wie lange die Wiederherstellung in jeder Übung dauerte, und die ganze Übung',
  'until it could go live': 'bis sie live gehen könnte',
  'the whole drill': 'die ganze Übung',
  'Drills, as a table': 'Übungen, als Tabelle',
  'from the copy “{name}”': 'aus der Kopie „{name}“',
  'with the recovery key': 'mit dem Wiederherstellungsschlüssel',
  Drill: 'Übung',
  Recovery: 'Wiederherstellung',
  Phases: 'Phasen',
  'of the drill of backup {number}': 'der Übung mit Sicherung {number}',
  'could not find out': 'ließ sich nicht feststellen',
  'What is wrong': 'Was nicht stimmt',
  'How long each phase took': 'Wie lange jede Phase dauerte',
  'How long each phase took; it could go live after {time}':
    'Wie lange jede Phase dauerte; live gehen könnte sie nach {time}',
  'What was looked at': 'Was angesehen wurde',
  'What was not': 'Was nicht',
  '{rows} rows in {n} table restored and counted | {rows} rows in {n} tables restored and counted':
    '{rows} Zeilen in {n} Tabelle wiederhergestellt und gezählt | {rows} Zeilen in {n} Tabellen wiederhergestellt und gezählt',
  'migrations run: {names}': 'ausgeführte Migrationen: {names}',
  'validators passed: {names}': 'bestandene Prüfungen: {names}',
  '{n} index looked at by amcheck | {n} indexes looked at by amcheck':
    '{n} Index mit amcheck angesehen | {n} Indizes mit amcheck angesehen',
  '{size} of the media read and proven': '{size} der Medien gelesen und geprüft',
} as const
