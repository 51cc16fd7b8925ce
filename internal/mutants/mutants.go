package main

// mutant is one deliberate break.
type mutant struct {
	promise string // the invariant of docs/design.md that it breaks
	name    string // what the broken code does
	edits   []edit
	pkg     string
	test    string // that must fail; a subtest's name narrows it down to what is quick
}

// edit replaces code that stands in a file once.
type edit struct{ file, old, new string }

const (
	framework = "./framework"
	memory    = "./store/memory"
	redis     = "./store/redis"
	session   = "./transports/internal/session"
)

var mutants = []mutant{
	{
		promise: "I1", name: "a socket is kept in a map, by the instance that opened it",
		edits: []edit{{"framework/switchboard.go",
			"	replies, err := s.store.Read(ctx, []store.Query{{Socket: cred.Socket}})\n	if err != nil {\n		return nil, s.unavailable(err)\n	}\n	switch r := replies[0]; {",
			"	replies := []store.Reply{{Status: store.Gone}}\n	switch r := replies[0]; {"}},
		pkg: framework, test: "TestI1AnyInstance/memory/longpoll",
	},
	{
		promise: "I2", name: "a message that was applied is applied again",
		edits: []edit{{"store/memory/commit.go",
			"	case n <= k.Number:\n		return store.Repeated",
			"	case n <= k.Number:\n		return store.Applied"}},
		pkg: framework, test: "TestI2TwoRunsOneCommit/memory",
	},
	{
		promise: "I2", name: "a message is applied before the ones in front of it",
		edits: []edit{{"store/memory/commit.go",
			"	case n > k.Number+1:\n		return store.Gap\n", ""}},
		pkg: framework, test: "TestI2Gap/memory",
	},
	{
		promise: "I2", name: "each run of a turn has an id of its own",
		edits: []edit{{"framework/execute.go",
			"	return uuid.NewSHA1(turnSpace, fmt.Appendf(nil, \"%s %d\", socket, number))",
			"	return uuid.NewSHA1(turnSpace, fmt.Appendf(nil, \"%s %d %s\", socket, number, uuid.New()))"}},
		pkg: framework, test: "TestI2TwoRunsOneCommit/memory",
	},
	{
		promise: "I2", name: "attaches are ordered by their arrival",
		edits: []edit{{"store/memory/attach.go",
			"	case a.Number < sock.Attach:\n		return store.Attached{Status: store.Stale}\n", ""}},
		pkg: memory, test: "TestConformance/DelayedDuplicateOfAnOldAttach",
	},
	{
		promise: "I2", name: "what ends a socket says what this instance knows of it",
		edits: []edit{{"framework/switchboard.go",
			"	return s.ended(ctx, sock.id) // only the store knows what the last message was that it took",
			"	in, _ := sock.applied()\n	return &protocol.Close{Code: code, In: &in, Why: why}"}},
		pkg: framework, test: "TestPostIsIdentified/memory",
	},
	{
		promise: "I3", name: "what a handler did stays when it fails",
		edits: []edit{{"framework/execute.go",
			"	t.collected, t.volatiles = collected{}, nil\n",
			"	t.kept.effects = append(t.kept.effects, t.effects...)\n	t.collected, t.volatiles = collected{}, nil\n"}},
		pkg: framework, test: "TestI3AllOrNone/memory/longpoll",
	},
	{
		promise: "I3", name: "what a turn always does is not guarded when it fails",
		edits: []edit{{"framework/execute.go",
			"slices.Concat(t.kept.guards, t.guards)", "t.guards"}},
		pkg: framework, test: "TestI3AlwaysCountsAll/memory",
	},
	{
		promise: "I3", name: "a turn ends with the request that brought it",
		edits: []edit{
			{"framework/latecontext.go", "	if !c.bound {\n		parent = context.WithoutCancel(parent)\n	}\n", ""},
			{"framework/latecontext.go", "c.bound && c.values.Err() != nil", "c.values.Err() != nil"},
		},
		pkg: framework, test: "TestTurnOutlivesItsRequest/memory",
	},
	{
		promise: "I3", name: "the shutdown of an instance is recorded as a turn's answer",
		edits: []edit{
			{"framework/execute.go", "		case errors.Is(failed, ErrDraining), errors.Is(failed, errNewer)", "		case errors.Is(failed, errNewer)"},
		},
		pkg: framework, test: "TestTurnEndedByDrainIsNotRecorded/memory",
	},
	{
		promise: "I3", name: "whom a user's event reaches is decided before the commit",
		edits: []edit{{"framework/sendall.go",
			"	return t.add(store.AppendAll{Group: group, Data: join(\"e\", method, p)}, len(p))",
			"	r, err := t.srv.store.Read(t, []store.Query{{Group: group}})\n	for _, m := range r[0].Members {\n		err = t.Send(m, method, p)\n	}\n	return err"}},
		pkg: framework, test: "TestI3SendUserFindsWhoOpenedMeanwhile/memory",
	},
	{
		promise: "I4", name: "what was sent counts as received",
		edits: []edit{{"framework/link.go",
			"		l.cursor = e.Cursor\n",
			"		l.cursor = e.Cursor\n		l.mu.Lock()\n		l.ack = e.Cursor\n		l.mu.Unlock()\n"}},
		pkg: framework, test: "TestI4SentIsNotReceived",
	},
	{
		promise: "I4", name: "notices are trusted",
		edits: []edit{
			{"framework/hub.go", "checkTopics  = 10 * time.Second", "checkTopics  = 10 * time.Hour"},
		},
		pkg: framework, test: "TestNoticesAreHints",
	},
	{
		promise: "I4", name: "tags are ignored",
		edits: []edit{{"store/memory/stream.go",
			"	case c.Offset > s.top.Offset || s.at(c.Offset) != c:", "	case c.Offset > s.top.Offset:"}},
		pkg: framework, test: "TestI4ToldOfRewind/longpoll",
	},
	{
		promise: "I4", name: "a hello says nothing of the client's topics",
		edits: []edit{{"client/conversation.go", "	h.Topics = v.cursors()\n", ""}},
		pkg:   framework, test: "TestI4ToldOfRewindAtReconnect/ws",
	},
	{
		promise: "I4", name: "lost entries are not told",
		edits: []edit{{"framework/linktopics.go",
			"			frames = append(frames, lostFrame(s.id, s.cursor, why))\n", ""}},
		pkg: framework, test: "TestI4ToldOfLoss/memory/longpoll",
	},
	{
		promise: "I4", name: "an object is merged onto what an earlier patch removed, in one patch",
		edits: []edit{{"framework/compose.go",
			"	first, ok := a.(map[string]any)\n	if !ok {\n		return false\n	}",
			"	first, _ := a.(map[string]any)"},
			{"framework/compose.go",
				"	first := a.(map[string]any) // they are composable\n",
				"	first, ok := a.(map[string]any)\n	if !ok {\n		return b\n	}\n"}},
		pkg: framework, test: "TestComposedPatches",
	},
	{
		promise: "I4", name: "what is for the others is the sender's too",
		edits: []edit{{"framework/tail.go",
			"		if e.except == socket {", "		if false {"}},
		pkg: framework, test: "TestI4AllButTheSender/memory/longpoll",
	},
	{
		promise: "I4", name: "the sender's cursor stays where it was when he is left out",
		edits: []edit{{"framework/tail.go",
			"			frames = append(frames, skipFrame(id, e.Cursor))\n", ""}},
		pkg: framework, test: "TestSenderGoesOn",
	},
	{
		promise: "I5", name: "goodbyes run where the connection ended, or not at all",
		edits: []edit{{"framework/due.go",
			"		j.handler = s.reg.goodbye.turn\n		j.after",
			"		j.handler = func(*Turn) (any, error) { return nil, nil }\n		j.after"}},
		pkg: framework, test: "TestI5OneGoodbye/memory/longpoll",
	},
	{
		promise: "I5", name: "a goodbye's claim is not looked at when it commits",
		edits: []edit{{"store/memory/commit.go",
			"sock == nil || sock.token != c.Token", "sock == nil"}},
		pkg: memory, test: "TestConformance/TwoRunnersSocket",
	},
	{
		promise: "I6", name: "a message is acknowledged before its commit is certain",
		edits: []edit{{"framework/execute.go",
			"		if err != nil {\n			s.hub.uncertain(effects)\n			return out, failed, err\n		}",
			"		if err != nil {\n			out.Status = store.Applied\n		}"}},
		pkg: framework, test: "TestNothingIsAcknowledgedWithoutTheStore",
	},
	{
		promise: "I7", name: "what a slow connection has not read is queued",
		edits: []edit{{"framework/link.go",
			"	if len(l.volatile) < maxControls {\n		l.volatile = append(l.volatile, frame)\n	}",
			"	l.volatile = append(l.volatile, frame)"}},
		pkg: framework, test: "TestI7NothingIsQueued",
	},
	{
		promise: "I7", name: "a stream that nobody reads grows",
		edits: []edit{{"store/memory/effects.go",
			"		s.drop(len(s.entries))\n	}\n	e, prev", "	}\n	e, prev"}},
		pkg: framework, test: "TestI7OthersEventsIntoAFullStream/memory/longpoll",
	},
	{
		promise: "I7", name: "each instance limits calls for itself",
		edits: []edit{{"framework/ratelimit/ratelimit.go",
			"	if errors.Is(err, framework.ErrVolatileTurn) {", "	if err == nil || errors.Is(err, framework.ErrVolatileTurn) {"},
			{"framework/ratelimit/ratelimit.go", "			*full, err = l.bucket.take(*full, now)", "			_, err = l.bucket.take(0, now)"}},
		pkg: "./framework/ratelimit", test: "TestServersShareALimit/memory",
	},
	{
		promise: "I7", name: "calls that fail are not counted",
		edits: []edit{{"framework/ratelimit/ratelimit.go",
			"	err := t.Always(func() error {", "	err := func(f func() error) error { return f() }(func() error {"}},
		pkg: "./framework/ratelimit", test: "TestWhatCounts",
	},
	{
		promise: "I7", name: "a limit counts what this instance has",
		edits: []edit{{"framework/groups.go",
			"{{Name: sessionGroup(c.session), Max: forStore(l.SocketsPerUser)}}",
			"{{Name: sessionGroup(c.session) + s.hub.inbox(), Max: forStore(l.SocketsPerUser)}}"}},
		pkg: framework, test: "TestI7SocketsOfOne/session/memory",
	},
	{
		promise: "I8", name: "goodbyes and timers wait for a ticker",
		edits: []edit{{"framework/due.go",
			"	if !d.due() {\n		d.done.Done()\n		return\n	}",
			"	if d.due() || true {\n		d.done.Done()\n		return\n	}",
		}, {"framework/due.go", "		if d.due() {\n			d.done.Go(", "		if d.due() && all {\n			d.done.Go("}},
		pkg: framework, test: "TestI8Frozen/memory/longpoll",
	},
	{
		promise: "I8", name: "a connection that could not be kept waits for its next turn",
		edits: []edit{{"framework/due.go",
			"		if all && ok {", "		if all && (ok || !ok) {"}},
		pkg: framework, test: "TestOutageLongerThanTheTimeToLive",
	},
	{
		promise: "who", name: "a POST is taken without asking who it is from",
		edits: []edit{{"framework/switchboard.go",
			"	if err == nil {\n		err = s.admit(ctx, sock, c)\n	}\n", ""}},
		pkg: framework, test: "TestSocketIsBoundToItsSession/memory",
	},
	{
		promise: "who", name: "a foreign page may connect",
		edits: []edit{{"transports/origin.go",
			"	case o.any, ok && o.listed[u.String()]:", "	case ok:"}},
		pkg: framework, test: "TestForeignOriginIsRefused",
	},
	{
		promise: "who", name: "a connection is not told that its user logged out",
		edits: []edit{{"framework/link.go", "l.reread = true // it has ended: the store says how", "return"}},
		pkg:   framework, test: "TestLogOutIsAtOnce",
	},
	{
		promise: "I7", name: "answers that a client does not read are queued",
		edits: []edit{{"framework/link.go", "len(l.controls) >= maxControls+l.srv.cfg.Limits.Volatile", "false"}},
		pkg:   framework, test: "TestI7QueuesOfAConnection",
	},
	{
		promise: "I7", name: "a handler that never returns keeps its locks",
		edits: []edit{{"framework/locks.go", "		h.stop = context.AfterFunc(ctx, h.end)\n", ""}},
		pkg:   framework, test: "TestBlockedHandlerHoldsUpNoState",
	},
	{
		promise: "I2", name: "Redis: a message that was applied is applied again",
		edits: []edit{{"store/redis/lua/message.lua",
			"  if n <= s.number then return 'repeated' end\n", ""}},
		pkg: redis, test: "TestStore/miniredis/.*",
	},
	{
		promise: "I3", name: "Redis: a turn whose guards do not hold is applied",
		edits: []edit{{"store/redis/lua/commit.lua",
			"if not holds then",
			"if false then"}},
		pkg: redis, test: "TestStore/miniredis/Guards",
	},
	{
		promise: "I3", name: "a field that was changed meanwhile is not noticed",
		edits: []edit{{"store/memory/commit.go",
			"f.At, f.Value = found.At, found.Value",
			"f.At, f.Value = g.At, found.Value"}},
		pkg: framework, test: "TestMapTurnsConflictByField/the_same_field/memory",
	},
	{
		promise: "I3", name: "a turn that has seen a field does not say so",
		edits: []edit{{"framework/mapview.go",
			"	t.guards = append(t.guards, store.Guard{Topic: v.publish.Topic, Field: name, At: fresh.At})\n", ""}},
		pkg: framework, test: "TestMapTurnsConflictByField/a_field_that_was_only_read/memory",
	},
	{
		promise: "I3", name: "Redis: a guard on a field is not looked at",
		edits: []edit{{"store/redis/lua/commit.lua",
			"    if at ~= ((offset > 0",
			"    if one == '' and at ~= ((offset > 0"}},
		pkg: redis, test: "TestStore/miniredis/FieldGuards$",
	},
	{
		promise: "I3", name: "Redis: values are written before it is known that a turn fits",
		edits: []edit{{"store/redis/lua/commit.lua",
			"if valued ~= '' then set_value(t, value) end",
			"if valued ~= '' then set_value(t, value); call('HSET', k, 'v', value) end"}},
		pkg: redis, test: "TestStore/miniredis/ExceededLeavesNothing",
	},
	{
		promise: "I3", name: "Redis: a script fails after it has written",
		edits: []edit{{"store/redis/lua/commit.lua",
			"if next(on_rolls) then call('ZCARD', rolls) end\n",
			""}},
		pkg: redis, test: "TestAllOrNoneWithForeignKeys/miniredis",
	},
	{
		promise: "I4", name: "Redis: tags are ignored",
		edits: []edit{{"store/redis/lua/prelude.lua",
			"return tag_at(s, offset) == tag and 'on' or 'off'",
			"return 'on'"}},
		pkg: redis, test: "TestStore/miniredis/RewindOfStreams",
	},
	{
		promise: "I5", name: "Redis: a goodbye's claim is not looked at when it commits",
		edits: []edit{{"store/redis/lua/commit.lua",
			"if not s or s.token ~= token then",
			"if not s then"}},
		pkg: redis, test: "TestStore/miniredis/OneGoodbye",
	},
	{
		promise: "I7", name: "Redis: a group has room for everybody",
		edits: []edit{{"store/redis/lua/commit.lua",
			"      if exceeds('s:' .. group, max) then return exceeded(group) end\n",
			""}},
		pkg: redis, test: "TestStore/miniredis/GroupMax",
	},
	{
		promise: "I4", name: "a guest's entries are written before they are taken",
		edits: []edit{{"transports/internal/session/receiver.go",
			"	if err := r.keep(ctx, r.upto, letsGo); err != nil {", "	if err := r.keep(ctx, r.told, letsGo); err != nil {"}},
		pkg: session, test: "TestTakenBeforeItIsWritten",
	},
	{
		promise: "I4", name: "who was replaced writes a guest's entries all the same",
		edits: []edit{{"transports/internal/session/receiver.go",
			"	case kept.Status == store.Replaced:\n		return ErrMoved\n", "	case kept.Status == store.Replaced:\n		return nil\n"}},
		pkg: session, test: "TestWhoWasReplacedTakesNothing",
	},
	{
		promise: "I1", name: "whether a guest is being upgraded each instance knows by itself",
		edits: []edit{{"transports/internal/session/session.go",
			"Key: \"probe \" + id, KeepKey: within", "Key: s.inbox() + id, KeepKey: within"}},
		pkg: session, test: "TestUpgradeElsewhere",
	},
	{
		promise: "I2", name: "a guest's hello is served again",
		edits: []edit{{"transports/internal/session/receiver.go",
			"			line = r.s.unseal(r.sid, data)\n", "			line = r.s.unseal(r.sid, data)\n			continue\n"}},
		pkg: session, test: "TestTheLastHelloCounts",
	},
}
