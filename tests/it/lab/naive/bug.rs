//! The ways in which a connector is broken, one switch each.

/// A break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// None: it is whole.
    None,
    /// After a lost answer it simply creates again.
    CreatesAgain,
    /// After a lost answer it creates again under the same idempotency key, of which the target knows nothing.
    TrustsUnknownKey,
    /// It sends another idempotency key with every attempt.
    NewKeyPerAttempt,
    /// It sleeps its own time, whatever the server says.
    IgnoresRetryAfter,
    /// It reads Retry-After as a number only.
    SecondsOnly,
    /// It compares a Retry-After date with its own clock.
    OwnClock,
    /// It does not sleep between attempts.
    RetriesAtOnce,
    /// It gives up after the first failure.
    OneAttempt,
    /// It tries for ever.
    RetriesForEver,
    /// It never asks for the last page.
    DropsLastPage,
    /// It takes a short page for the last.
    StopsAtShortPage,
    /// It takes an empty page for the last.
    StopsAtEmptyPage,
    /// It follows a cursor that leads to itself.
    IgnoresCursorRepeat,
    /// It follows a cursor that leads to itself no further, and calls that the end.
    RepeatIsTheEnd,
    /// It does not know a record that comes twice.
    NoDedup,
    /// It catches everything and reports success.
    SwallowsErrors,
    /// It takes a 200 without records for an empty page.
    EnvelopeIsEmpty,
    /// It takes a body that does not parse for an empty one.
    GarbageIsEmpty,
    /// It moves the checkpoint before it writes.
    CheckpointFirst,
    /// It takes the time of the run for the checkpoint.
    WallClockCheckpoint,
    /// It reads from after the checkpoint.
    ExclusiveBoundary,
    /// It waits for ever.
    NoTimeout,
    /// It gives up after a second, whatever the contract says.
    TooShortTimeout,
    /// It sends refused requests again.
    RetriesClientErrors,
    /// It drops what cannot be delivered.
    NoDeadLetter,
    /// It keeps dead letters without the record.
    EmptyDeadLetter,
    /// It stops at the first record that cannot be delivered.
    PoisonStopsAll,
    /// It drops what cannot be mapped.
    DropsUnmappable,
    /// It follows redirects, headers and all.
    FollowsRedirects,
    /// It asks the next page wherever its URL lies, headers and all.
    FollowsAnyLink,
    /// It takes a next page at another host for none.
    ForeignLinkIsTheEnd,
    /// It logs the requests it sends, headers and all.
    LogsToken,
    /// It sends the token in the query.
    TokenInQuery,
    /// It says in its baggage who asks, token and all.
    TokenInBaggage,
    /// It sends no correlation id.
    NoTraceparent,
    /// It makes a new trace for every attempt.
    NewTracePerAttempt,
    /// It does not ask for a new token.
    NoRefresh,
    /// It asks for a new token before every request.
    RefreshesAlways,
    /// It remembers nothing between runs, and writes without looking.
    Forgetful,
    /// It says PASS with dead letters.
    PassOnPartial,
    /// It counts attempts as records.
    CountsAttempts,
    /// It writes numbers as floats.
    FloatMoney,
    /// It updates whatever a search brings, though it is another record.
    UpdatesFirstHit,
    /// It makes records, and leaves those that are there as they are.
    NeverUpdates,
    /// It takes a form for delivered that was delivered once, whatever came after it.
    FormsOnce,
    /// It never looks again at a record that was a dead letter.
    DeadForEver,
    /// It deletes what is there and makes it anew, where it should change it.
    DeletesFirst,
    /// It takes an update for done whose record is gone.
    GoneIsDone,
    /// It writes a wrong value first, and mends it.
    WrongThenMended,
    /// It writes each record a second time, in the same words.
    WritesTwice,
    /// It takes records for one that are equal but for their keys.
    ContentOnce,
    /// It writes a key into an address, or a query, as it stands.
    KeyUnencoded,
    /// It writes a field of its own beside the mapped ones.
    WritesBeside,
    /// It cuts texts by units of UTF-16, in the middle of a letter.
    CutsByUnits,
    /// Where one record of a batch fails, it sends all of it again.
    WholeBatchAgain,
    /// It takes a 2xx for a batch as success of every record in it.
    ItemsUnread,
    /// It takes any delivery of a webhook, whoever signed it.
    HookTrustsAll,
    /// It checks the signature of a delivery, and not its time.
    HookIgnoresTime,
    /// It makes an effect of each delivery, under a key of its own.
    HookNoDedup,
    /// It acknowledges a delivery, then keeps it.
    HookAnswersFirst,
    /// It works before it answers a delivery.
    HookWorksFirst,
    /// It takes the event that came last for the newest.
    HookLastWins,
    /// It trusts that every event is delivered.
    HookNoSweep,
    // Of reading, records and access.
    /// It does not read the header that says when a limit ends.
    IgnoresReset,
    /// It does not read the header that says that no request is left.
    IgnoresRemaining,
    /// It takes any 200 for a success, whatever the flag in it says.
    EnvelopeIsSuccess,
    /// It reads a negative wait as a very long one.
    WrapsNegative,
    /// It sleeps for as long as it is told to, without a word.
    SleepsWithoutWord,
    /// It retries in two layers, each with all attempts.
    RetriesInLayers,
    /// It takes a record that is there already for one that cannot be delivered.
    ConflictIsFinal,
    /// Where an idempotency key is known with another body, it takes another key.
    NewKeyOnConflict,
    /// It makes its last attempt under another idempotency key.
    NewKeyAtLast,
    /// It takes the form that came last for the newest.
    OlderFormWins,
    /// It takes a record under a new version for another one.
    EchoesChanges,
    /// It lets two source records become one target record.
    MergesEqualKeys,
    /// It keeps an address in the case in which it came.
    TrustsCase,
    /// It leaves out records that were changed after now, by its own clock.
    SkipsFuture,
    /// It reads from the checkpoint, whatever overlap the contract wants.
    NoOverlap,
    /// It takes a cursor that has ended for the end of the list.
    CursorExpiredIsEnd,
    /// It takes a token that has ended for the news that nothing changed.
    TokenExpiredIsEnd,
    /// It sends an empty cursor back.
    EmptyCursorSent,
    /// It does not compare what came with the total that was told.
    IgnoresTotal,
    /// It takes the total of the first page for all there is, and has read up to now.
    FirstTotalIsAll,
    /// It does not look again where counted pages have moved.
    IgnoresShift,
    /// It takes any 2xx to a write for a success, whatever the answer is.
    AnySuccess,
    /// It takes an answer that is too large for an empty one.
    TooLargeIsEmpty,
    /// It gives up where a name is not resolved.
    DnsIsFinal,
    /// It asks again where a certificate was refused.
    RetriesTls,
    /// It follows redirects without the credential, and with the body.
    FollowsWithoutCredential,
    /// It logs the bodies of errors.
    LogsErrorBody,
    /// It asks for a token before each request, though it was refused one.
    TokenLoop,
    /// It asks for another token for each record, though none is taken.
    RefreshesInVain,
    /// Each of its workers asks for a token of its own.
    Stampede,
    /// It does not say which scope is missing.
    ScopeUnnamed,
    /// It casts a value to the type that fits.
    CastsTypes,
    /// It passes on what no rule maps.
    PassesUnknown,
    /// It makes up what is missing.
    FillsMissing,
    /// It writes an empty text, or a zero, for null.
    NullIsEmpty,
    /// It cannot bear null in the place of an object.
    NullObjectPanics,
    /// Its numbers are doubles.
    Doubles,

    // Process, resources, order and webhooks.
    /// It sends no idempotency key, and creates again.
    NoIdempotencyKey,
    /// It sends one idempotency key for everything.
    ConstantKey,
    /// It makes the idempotency key of what it sends.
    KeyFromBody,
    /// It keeps no checkpoint.
    NeverCheckpoints,
    /// It takes the checkpoint for true, wherever it lies.
    TrustsCheckpoint,
    /// It sends a request again that was answered 401, with the same token.
    Retries401,
    /// It writes null where a value cannot be mapped.
    NullIntoRequired,
    /// It reads all of the source before it writes anything.
    ReadsAllFirst,
    /// It asks for a page forty times at once.
    AsksManyAtOnce,
    /// It keeps no rate.
    IgnoresRate,
    /// It waits without chance.
    NoJitter,
    /// It waits an hour after a failure.
    SleepsAnHour,
    /// Where one record of a batch fails, it drops all of it.
    WholeBatchDropped,
    /// It takes the results of a batch for those of its records by their place, though each names its record.
    ResultsByPlace,
    /// It notes a batch as done, then sends it.
    BatchDoneFirst,
    /// It works on the records of a page from the last to the first.
    Backwards,
    /// It notes a dead letter at the end of the run.
    LateDeadLetter,
    /// It goes on when it is asked to stop.
    IgnoresStop,
    /// Asked to stop, it calls what it has read done.
    StopMovesOn,
    /// Asked to stop, it leaves without noting what was acknowledged.
    StopForgets,
    /// It does not look whether another one runs.
    NoLock,
    /// It goes on when its ledger cannot be written.
    FullDiskIgnored,
    /// It takes a ledger that fails for an empty one.
    LedgerErrorsIgnored,
    /// It leaves a record out when its ledger fails.
    LedgerErrorSkips,
    /// It leaves a dead letter lying that was delivered.
    ReplayDoesNotSettle,
    /// It writes times as the clock of its own zone shows them.
    LocalTime,
    /// It logs the first half of tokens.
    LogsHalfToken,
    /// It logs tokens in base64.
    LogsEncodedToken,
    /// It forgets after an hour which events it knows.
    HookShortMemory,
    /// It takes the first secret of two alone.
    HookFirstSecretOnly,
    /// It verifies the JSON that it has read, written anew.
    HookParsesFirst,
    /// It reads whatever size at its leisure.
    HookReadsHuge,
    /// It drops events that come while it answers another one.
    HookDropsBurst,
    /// It takes a change of the same version for an old one.
    HookEqualIsOld,
    /// It allows clocks no difference.
    HookNoTolerance,
    /// It takes events at any path.
    HookAnyPath,
    /// It takes any kind of event.
    HookAnyEvent,
    /// It compares as much of a signature as was sent.
    HookComparesPrefix,
    /// Looks at the first of several signatures alone.
    HookFirstSignature,
    /// What a batch does not speak of it takes for written.
    SilenceIsSuccess,
    /// It reads all, and writes what it read last first, whatever the version.
    LastReadFirst,

    // Of refresh tokens.
    /// It goes on with the refresh token that it was given first.
    KeepsSpentToken,
    /// It keeps the newest refresh token when a run ends.
    KeepsTokenAtEnd,
    /// Two of its workers redeem one refresh token at once.
    RefreshRace,

    // Of taking back, and of the switch.
    /// It takes back a run by deleting what the run wrote, whether it was there before or not.
    RollbackDeletesFound,
    /// It takes back a run whatever others did since.
    RollbackOverwritesLater,
    /// It marks what it is going to take back, then takes it back.
    RollbackMarksFirst,
    /// It takes for done what the target did not do.
    RollbackFailsQuietly,
    /// It still knows what it took back as written.
    RollbackKeepsEffects,
    /// It writes what it took back anew under the idempotency key that it had.
    RollbackKeepsKey,
    /// It leaves the checkpoint behind what it took back.
    RollbackKeepsCheckpoint,
    /// It says PASS whatever stays.
    RollbackAlwaysPass,
    /// It does not know the switch.
    IgnoresPause,
    /// It looks at the switch when it starts, and never again.
    PauseReadOnce,
}
