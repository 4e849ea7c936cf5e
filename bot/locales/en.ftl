### Every sentence that a person reads. Ids name what it is about, then what it says.

## Cards

issue-by = by { $authors }
issue-link-count = { $count ->
    [one] **1** link
   *[other] **{ $count }** links
}
issue-withdrawn = The newsletter took this issue back.
issue-told-in = also told in { $title }
issue-paywalled = continues behind a paywall
issue-credits = With links from { $names }{ $more ->
    [0] {""}
   *[other] {" "}and { $more } more
}
button-read-online = Read online
button-all-links = All links
button-previous = Previous
button-next = Next
page-of = -# Page { $page } of { $pages }
link-sponsored = sponsored
links-none = This issue has no links.
button-flood-newest = Announce the newest
button-flood-all = Announce all { $count }
button-flood-none = Announce none
button-flood-decide = Decide
button-approve = Approve
button-decline = Decline…
button-undo = Undo
button-credit-shown = As { $name }
button-credit-other = Another name…
button-credit-none = Stay anonymous
button-planned = Planned
button-passed = Passed
button-requeue = Back into the queue
button-back = Back to the list
button-forget = Forget me
menu-submit = Submit to newsletter

## Commands: names are fixed, descriptions are shown in the picker

command-issue = Read the newsletter
command-issue-latest = Show the newest issue
command-issue-show = Show an issue of your choice
command-issue-topics = What the last issues were about
option-issue-title = Type part of the title and pick
command-links = The archive: every link that ran
command-links-search = Find links by their words; "words together", and begin* of a word, too
command-links-latest = The links of the newest issues
command-links-random = Any link of the archive
option-links-words = Words of the title, the site, the section, the issue or the text around it
command-desk = The newsletter's desk, for moderators and editors
command-desk-post = Announce an issue of the archive in the announcement channel
command-desk-repost = Announce an issue once more; its earlier announcement folds to a line
command-desk-why = Why an issue was announced, or not: what is known about its address
command-desk-preview = See an issue's announcement before it is posted; only you see it
option-desk-issue = Type part of the title and pick
command-setup = Set up the newsletter, for administrators
command-setup-source = Read a newsletter and announce its issues in a channel
command-setup-channel = Announce a newsletter in another channel; without options, see where each is announced
command-setup-ping = Mention a role at announcements, at most once a day; without options, see which
command-setup-threads = Start a discussion thread under each announcement, or not
command-setup-staff = Where the staff is told what needs its attention
command-setup-repeats = Announce every issue, or each story once where a digest tells it again
option-setup-repeats = True: every issue. False: the digest alone; short ones wait half a day for a digest
command-setup-publish = Publish announcements to the channels that follow this one, or not
command-setup-archive = Who may look through the archive of links: everybody, a role, or nobody
option-setup-access = Everybody, one role, or nobody
option-setup-archive-role = The role, where it is for a role
choice-archive-everyone = Everybody
choice-archive-role = One role, and who manages the server
choice-archive-off = Nobody
command-setup-push = An address that your newsletter's platform may call, so that a new issue is read at once
option-setup-key = The API key, where the address asks for one (beehiiv's API); it is kept sealed
option-setup-secret = The secret with which the platform signs its calls (whsec_…), if it does
command-setup-remove = Stop reading a newsletter
command-setup-status = What is set up, and whether it works
option-setup-address = The address of its feed, or of its site; folder:name for files; none to see what is read
option-setup-channel = Where issues are announced
option-setup-first = What to announce when the feed is read for the first time
option-setup-role = The role to mention
option-setup-remove = Take away what was chosen before
option-setup-newsletter = Which newsletter; you are asked where there are several
choice-remove-ping = The mention
choice-remove-staff = The channel; Discord's own updates channel is used
choice-remove-moderators = The moderators' role
choice-remove-editors = The editors' role
choice-remove-both = Both roles
choice-remove-push = The address; calls to it do nothing any more
option-setup-staff = A channel that only the staff reads
option-setup-publish = On or off
option-desk-url = Part of its title, its address, or a link in it
option-setup-threads = On or off
option-setup-source = The newsletter to stop reading
option-setup-push-source = The newsletter that its platform tells of
command-setup-review = Where moderators decide about what members send in
command-setup-roles = Who moderates and who edits the newsletter
option-setup-review = A channel that only the staff reads
option-setup-moderators = The role that decides about submissions and polls
option-setup-editors = The role that plans with the queue
command-submit = Send something in for the newsletter
command-submit-link = Send in a link; the moderators look at it first
command-submit-mine = What became of what you sent in
option-submit-address = The link
option-submit-why = Why it belongs into the newsletter, in a sentence
command-queue = What was approved, for the editor
command-queue-list = See the queue, and mark what is planned or passed
command-queue-export = The whole queue as a file
option-queue-format = For the newsletter, a spreadsheet or a program
choice-export-csv = CSV, for a spreadsheet
option-queue-what = The queue, or every link that ever ran
choice-export-queue = The queue
choice-export-links = Every link that ran
choice-export-sqlite = SQLite, a database in a file (links only)
choice-export-json = JSON, for a program
choice-export-md = Markdown, ready to paste
command-poll = Ask the server, for moderators
command-poll-create = Ask a question with two to ten answers
command-poll-close = Close a poll now
option-poll-channel = Where to ask; here, if you choose none
option-poll-open = The poll to close
command-vote = Vote in a poll; in the newest one, if you choose none
option-vote-option = Your answer; leave it out to see the buttons
option-vote-poll = Which poll, if not the newest
command-results = How a poll stands, or ended
option-results-poll = Type part of the question and pick
command-privacy = What is kept about you, and your name
command-privacy-export = Get everything that is kept about you in this server
command-privacy-forget = Let everything that is kept about you in this server go
command-privacy-credit = How you are named when a link of yours runs
command-help = What you can do here
choice-first-newest = Only the newest issue
choice-first-none = Nothing; wait for the next issue

## /issue

issue-none-yet = There is no issue here yet. An administrator can add the newsletter with `/setup source`.
issue-not-found = No issue is called “{ $title }”. Type part of a title and pick one from the list.
issue-ambiguous = Several issues are called like “{ $title }”. Pick the one you mean from the list.
issue-gone = That issue is no longer in this server's archive.
topics-heading = ### What the last issues were about
topics-none = no topics named

## /desk

post-queued = On its way to <#{ $channel }>.
post-already = That issue is already announced: { $link }
post-underway = That issue is already on its way to <#{ $channel }>.
repost-queued = On its way to <#{ $channel }>; the earlier announcement will lead to it.
repost-never-posted = That issue was never announced here. `/desk post` does that.
announcement-anew = -# **{ $title }** was announced anew: { $link }
preview-heading = -# This is how the announcement looks. Only you see it.

why-seen = **{ $title }** was first seen in { $source } on { $when }, and stored.
why-link = That address is a link in **{ $title }**.
why-source = That is the address of **{ $title }**, which this server reads.
why-never-seen = That address was never seen: it is no issue of what this server reads, and no link in one.
why-source-read = - **{ $title }** was last read on { $when }, without trouble.
why-source-unread = - **{ $title }** was not read yet.
why-source-fails = - **{ $title }** cannot be read: { $reason } It is tried again on { $when }.
why-queued = It was new, and queued for <#{ $channel }> on { $when }.
why-queued-anew = The staff had it announced anew in <#{ $channel }> on { $when }.
why-announced-alike = It stands here already, once for all the addresses by which the newsletter came: { $link }
why-told-again = It is not announced: **{ $title }** tells the same story, and this server wants each once (`/setup repeats`). `/desk post` announces it all the same.
why-waits-for-digest = It waits for a digest that may tell the same story, because this server wants each once (`/setup repeats`). If none comes, it is announced on { $when }.
why-alike-on-its-way = It is on its way to <#{ $channel }> already, by another address by which the newsletter comes.
why-edited = The newsletter changed it; the change was seen on { $when }.
why-withdrawn = The newsletter took it back: since { $when } it is not in the feed any more, though older and newer issues are.
why-withdrawn-gone = The newsletter took it back: since { $when } it is gone from the feed, and its own address or its platform says that nothing is there.
why-not-withdrawn = It is not announced, because it was taken back. `/desk post` announces it all the same.
why-struck = Its announcement is struck through.
why-redrawn-soon = Its announcement is about to be brought up to date.
why-not-redrawn = Its announcement could not be brought up to date: { $reason }
why-deleted = Somebody deleted that announcement, and it is not posted again by itself. `/desk repost` does that.
why-flood = It is held back: { $new } of { $listed } issues of its newsletter looked new on { $when }. The staff decides what is announced: on the card that asks them or, where there is no card, with *Decide* below the answers of `/setup status`. `/desk post` announces this issue alone.
why-flood-none = It is not announced: too many issues looked new at once, and the staff decided to announce none. `/desk post` announces it.
why-flood-newest = It is not announced: too many issues looked new at once, and the staff chose which of them are announced. `/desk post` announces it.
why-imported = It is not announced: it was put into the archive by the operator, and never stood in what is read here. `/desk post` announces it.
why-cancelled = It is not announced: the newsletter was removed here before it was known whether the message arrived. `/setup source` adds it again.
why-moved = It moved to <#{ $channel }> together with its newsletter.
why-archive = It is not announced: it was in the feed already when this server began to read it, and then only the newest issue is. `/desk post` announces it.
why-archive-nothing = It is not announced: it was in the feed already when this server began to read it, and nothing of that should be. `/desk post` announces it.
why-not-subscribed = It is not announced: this server does not read that newsletter any more.
why-not-queued = It is not announced: no channel was chosen when it came, or newer ones had been announced before it came. `/desk post` announces it.
why-sent = It has stood here since { $when }: { $link }
why-without-thread = It has no thread: { $reason }
why-degraded = Discord refused the card, so it was sent as plain text.
why-refused = It was refused: { $reason } Mend the cause, then `/desk post` it again.
why-held = It has been waiting since { $when }, because nothing can be sent to <#{ $channel }>: { $reason }
why-waits = It waits after { $attempts ->
    [one] one attempt
   *[other] { $attempts } attempts
}: { $reason } The next one is on { $when }.
why-on-its-way = It is on its way right now.
why-published = It was published to the channels that follow on { $when }.
why-published-soon = It will be published to the channels that follow on { $when }.
why-published-not = It is not published to the channels that follow: { $reason }
why-folded = An earlier announcement was folded to a line on { $when }.
why-folded-soon = An earlier announcement folds to a line on { $when }.
why-folded-not = An earlier announcement could not be folded to a line: { $reason }

## /setup

setup-source-added = **{ $title }** is read from now on; { $count ->
    [0] its feed has no issue yet
    [one] its one issue goes into the archive
   *[other] its { $count } issues go into the archive
}{ $first ->
    [newest] {","} and the newest is announced in <#{ $channel }>, unless it stands there already. New issues follow there.
   *[none] {"."} New issues are announced in <#{ $channel }>.
}
setup-too-many-sources = This server reads { $count } newsletters, as many as it may. Remove one with `/setup remove` first; whoever runs me can allow more.
setup-used-up = Enough was read for this server today: { $megabytes } MB, which is what the operator allows (MEGABYTES_PER_SERVER). Try again tomorrow, or let a large newsletter go with `/setup remove`.
setup-source-busy = I am looking at another address for this server; that takes a few minutes at most. Wait for its answer, then give me this one again.
setup-source-crowded = Many servers add newsletters right now, and the turn of this one did not come within { $minutes } minutes. Try again in a few minutes.
setup-source-slow = To look for a newsletter there takes longer than { $minutes } minutes. Give me the address of the feed itself, or of a shorter one.
setup-source-allowance = There is more at that address than this server may still have read today. Give me the address of a shorter feed, or try again tomorrow.
setup-source-known = **{ $title }** is read here already; its new issues are announced in <#{ $channel }>.
setup-source-moved = **{ $title }** is read here already. It is announced in <#{ $channel }> from now on, and no more in <#{ $before }>. Nothing is announced again: what waited goes along, and what was posted stays where it is.
setup-source-new-key = It is read with the new key from now on.
setup-source-other-key = **{ $title }** is read here already, with another key or none, and so it is for other servers. Take it out with `/setup remove` first, then add it with this key.
setup-source-hint = `/setup source` with an address adds a newsletter.
setup-channel-needed = Choose the channel for announcements too: this server has none yet.
setup-channel-moved = { $count ->
    [one] { $titles } is announced in <#{ $channel }> from now on. What waited goes along; what was posted stays where it is.
   *[other] { $titles } are announced in <#{ $channel }> from now on. What waited goes along; what was posted stays where it is.
}
setup-channel-which = Which newsletters are announced in <#{ $channel }> from now on?
setup-channel-choose = Choose newsletters…
setup-channel-all = All of them
setup-channel-hint = `/setup channel` with a channel moves a newsletter there.
setup-one-of-both = You chose something and took it away at once. Give only one of the two options.
setup-permissions-missing = I cannot announce in <#{ $channel }>: I lack { $permissions } there. Grant it in the channel's settings and try again.
setup-ping-on = Announcements mention <@&{ $role }>, at most once a day.
setup-ping-impossible = Discord would not let me notify <@&{ $role }>. Switch on *Allow anyone to @mention this role* in the role's settings, or grant me *Mention @everyone, @here and All Roles*, and try again.
setup-ping-off = Announcements mention nobody.
setup-threads-on = Each announcement gets a discussion thread.
setup-threads-off = Announcements get no thread.
setup-staff-changed = Whatever needs the staff's attention is told in <#{ $channel }>.
setup-staff-default = Whatever needs the staff's attention is told in the channel where Discord sends its community updates, if this server has one; and always in `/setup status`.
setup-repeats-on = Every issue is announced, also a short one whose story stands in a digest, too. What waited for a digest follows at once.
setup-repeats-off = Each story is announced once: what is short waits half a day for the digest, where a newsletter has that habit, and is announced when none came. What is held back can be read with `/issue show` all the same.
setup-publish-on = Announcements in announcement channels are published to the channels that follow them, two minutes after they were posted. They are sent as text with a preview, because Discord does not hand on buttons.
setup-publish-off = Announcements are not published to other channels.
setup-archive-everyone = Everybody may use `/links`.
setup-archive-role = `/links` is for <@&{ $role }>, and for those who manage the server.
setup-archive-role-needed = Say which role it is for, with the option `role`.
setup-archive-off = Nobody may use `/links`; the archive is kept.
setup-push-open = Give this address to the newsletter's platform as a webhook for published issues: `{ $address }`. Whoever knows it can make me read the newsletter, and nothing else; keep it to yourself, or take it away with `remove`.
setup-push-signed = Give this address to the newsletter's platform as a webhook for published issues: `{ $address }`. Only calls that are signed with your secret count.
setup-push-removed = That newsletter has no address for calls any more. Whoever still calls the old one is not heard.
setup-push-hint = -# `/setup push` with a newsletter shows its address for calls, and makes one where there is none.
status-push = - **{ $title }** is also read when its platform calls (`/setup push`).
push-closed = Whoever runs me has opened no way in for such calls (`PUBLIC_URL` and `PUSH_PORT`).
push-secret-invalid = That is no webhook secret: it begins with `whsec_` and goes on with letters and digits. Copy the whole of it.
push-unknown = That address is nobody's.
push-unsigned = The call is not signed with the secret.
push-stale = The call is too old, or a clock is wrong.
push-replayed = The call came before.
setup-removed = I no longer read that newsletter here. What was announced stays. If no other server reads it, its archive goes after { $days } days. Until then it stays on this server's share of the archive, and `/setup source` brings it back.{ $dropped ->
    [0] {""}
    [one] {" "}One short issue waited for a digest and will not be announced; `/desk post` can bring it once you add the newsletter again.
   *[other] {" "}{ $dropped } short issues waited for a digest and will not be announced; `/desk post` can bring them once you add the newsletter again.
    }
setup-source-unknown = This server does not read that newsletter. Pick one from the list.
status-heading = ### Setup of this server
status-source = **{ $title }** → <#{ $channel }>
status-address = -# { $address }
status-rung = -# read at { $address } now, because the address above fails; that one is tried again once a day
status-hub = -# told by its hub { $hub } when something is new
status-read = read { $when }
status-not-yet = not read yet
status-problem = ⚠ { $problem } Tried again { $when }.
status-troubled = ⚠ An announcement for <#{ $channel }> waits: { $problem } It is tried again { $when }.
status-refused = ⚠ An announcement for <#{ $channel }> was refused: { $problem } Mend the cause, then `/desk post` it again.
status-threadless = ⚠ Announcements in <#{ $channel }> get no thread since { $since }: { $problem } The next one tries again.
status-stopped = ⚠ Nothing is sent to <#{ $channel }>: { $problem }
status-staff = Tells the staff in <#{ $channel }>
status-staff-none = ⚠ Nobody is told when something goes wrong: choose a channel with `/setup staff`
status-repeats-on = Stories that are told twice: every issue is announced
status-repeats-off = Stories that are told twice: the digest alone
status-held = { $count ->
    [one] One short issue waits for a digest that may tell its story, and is announced { $until } if none comes.
   *[other] { $count } short issues wait for a digest that may tell their stories, and are announced { $until } at the latest if none comes.
    } `/setup repeats on:True` lets go at once.
status-used-up = ⚠ Enough was read for this server today; its newsletters are read again tomorrow.
status-share = Archive of this server: { $issues } of at most { $most_issues } issues, { $links } of at most { $most_links } links. One newsletter adds { $issues_a_day } issues and { $links_a_day } links a day at most
status-publish-on = Publishing to followers: on
status-publish-off = Publishing to followers: off
status-archive-everyone = Archive of links: for everybody
status-archive-role = Archive of links: for <@&{ $role }>
status-archive-off = Archive of links: closed
status-more = -# … and { $count } more newsletters
status-none = No newsletter yet. Start with `/setup source`.
status-ping-on = Mentions <@&{ $role }>, at most once a day
status-ping-off = Mentions nobody
status-threads-on = Discussion threads: on
status-threads-off = Discussion threads: off

setup-review-changed = What members send in is shown in <#{ $channel }>, where moderators approve or decline it. Members use `/submit link` from now on.
setup-review-public = Everybody can read <#{ $channel }>, and what members send in must not be seen before a moderator approved it. Choose a channel that only the staff reads.
setup-roles-everyone = *Everyone* is no staff: choose another role.
status-review = Submissions are decided in <#{ $channel }>
status-review-none = Submissions: off; choose a channel with `/setup review`
status-moderators = Moderators: <@&{ $role }>
status-moderators-none = Moderators: who may manage messages; choose a role with `/setup roles`
status-editors = Editors: <@&{ $role }>
status-editors-none = Editors: who may manage the server; choose a role with `/setup roles`
status-commands-seen = -# ✓ <@&{ $role }> is offered { $commands }.
status-commands-hidden = ⚠ <@&{ $role }> is not offered { $commands } yet. Discord lets only you change that: *Server Settings → Integrations → Pressroom*, open each command, *Add Roles or Members*.
status-commands-unknown = -# Which commands they are offered, Discord does not say at the moment.

## Submissions

submit-received = Received: { $name }. The moderators look at it; `/submit mine` tells what became of it.
submit-withdrawn = Taken back: { $name }. Nobody decides about it any more.
submit-closed = This server takes no links yet. An administrator chooses where they are looked at, with `/setup review`.
submit-no-link = That is no web address. It should look like https://example.com/article
submit-no-link-in-message = That message holds no link.
submit-which-link = Which link do you mean?
submit-which-link-choose = Choose a link…
submit-hidden-channel = Not everybody can read that message, so it stays where it is. Messages of open channels can be submitted.
submit-credentials = That address holds a user name or a password. Take it out and send the address without it.
submit-private = That address leads into a private network, where nobody else gets to.
submit-invite = Invitations to Discord servers are no links for the newsletter.
submit-note-length = Your reason is too long: { $longest } characters are the most. Nothing was sent.
submit-ran = That link ran already: **{ $title }** { $link }
submit-known = Somebody sent that link in before you.
submit-known-mine = You sent that link in already; `/submit mine` tells what became of it.
submit-known-declined = That link was sent in before, and the moderators did not take it.
submit-enough-of-you = You sent in { $count } links within a day, and more are not taken from one member; links that you took back count, too. Send the next one { $when }.
submit-enough-of-all = { $count } links were sent in here within a day, and more are not taken in one server. Send yours { $when }.
submit-too-many = { $count } of your links wait for the moderators. Send more when they have decided, or take one back with `/submit mine`.
submission-gone = That submission is not there any more.
submission-ran = **ran** as number { $place } in { $title }
withdraw-too-late = That cannot be taken back any more: { $state ->
    [ran] it has run.
    [declined] the moderators declined it.
    [planned] the editor plans to run it.
    [passed] the editor passed it by.
   *[other] it was decided.
}
credit-question = **If it runs, how may the newsletter name you?** You stay anonymous until you choose, and you can change it at any time with `/privacy credit`.
credit-named = You are named as **{ $name }** when a link of yours runs.
credit-named-soon = You are named as **{ $name }** when a link of yours runs, once the moderators have seen the name: it stands on the card of what you send in. Until they approve a link of yours, you stay anonymous.
credit-anonymous = You stay anonymous.
credit-name-length = A name has 1 to { $longest } characters, and letters among them.
credit-form-title = How you are named
credit-form-name = Name
credit-form-name-note = A name or a handle, as it should stand in the newsletter
mine-heading = ### Your links
mine-none = Nothing yet. `/submit link` sends a link, and so does *Apps → Submit to newsletter* on a message.
mine-pending = waits for the moderators
mine-approved = approved, in the editor's queue
mine-declined = declined
mine-withdrawn = taken back
mine-planned = the editor plans to run it
mine-passed = approved, but the editor passed it by
mine-brought = sent in by somebody who saw your message
mine-withdraw = Take one back…
mine-named = -# When a link of yours runs, you are named as **{ $name }**. `/privacy credit` changes that.
mine-named-soon = -# When a link of yours runs, you are named as **{ $name }**, once the moderators have approved a link of yours and with it the name. `/privacy credit` changes that.
mine-anonymous = -# When a link of yours runs, you stay anonymous. `/privacy credit` changes that.
review-sent = -# sent by <@{ $finder }> { $when }
review-brought = -# found by <@{ $finder }>, brought by <@{ $bringer }> { $when }
review-name = -# wants to be named as **{ $name }**; approving approves the name, too
review-approved = -# ✓ { $name } · approved by <@{ $moderator }> { $when }
review-declined = -# ✗ { $name } · declined by <@{ $moderator }> { $when }
review-approved-by-nobody = -# ✓ { $name } · approved { $when }
review-declined-by-nobody = -# ✗ { $name } · declined { $when }
review-withdrawn = -# { $name } · taken back by who sent it
review-undecided = -# { $name } · nobody has to decide about it any more
review-came-late = Somebody was faster:
    { $line }
review-ran-before = It has run already, so there is nothing left to decide. Nothing was changed:
    { $line }
decline-form-title = Decline
decline-form-reason = Reason
decline-form-reason-note = Whoever sent it reads this in /submit mine; you may leave it empty
decline-reason-length = The reason is too long: { $longest } characters are the most. Nothing was decided.
only-moderators = That is for moderators: it takes the permission *Manage Messages*, or the role that an administrator chose with `/setup roles`.
only-editors = That is for editors: it takes the permission *Manage Server*, or the role that an administrator chose with `/setup roles`.
only-staff = That is for moderators and for editors: it takes the permission *Manage Messages*, or one of the roles that an administrator chose with `/setup roles`.
only-administrators = That is for administrators: it takes the permission *Manage Server*.
too-fast-of-you = That was a lot at once. Wait until the answers are there, then try again.
too-fast-of-all = Very many people act in this server at this moment. Try again in a few seconds.
only-in-servers = I work in servers only. Use me in a channel of the server whose newsletter is meant.

## Watching a newsletter

flood-held = **Hold on: { $new } of { $listed } issues of { $name } look new.** Perhaps its feed was rebuilt or moved. They are in the archive, and nothing is announced before you decide. The newest is “{ $title }”.
flood-decided-newest = -# { $new } of { $listed } issues of { $name } looked new; the newest is announced, “{ $title }”.
flood-decided-all = -# { $new } of { $listed } issues of { $name } looked new; all of them are announced.
flood-decided-none = -# { $new } of { $listed } issues of { $name } looked new; none is announced. `/desk post` announces any of them.
waiting-floods = ⚠ **{ $new } new issues wait for your decision.** { $count ->
    [one] Most of { $name } looked new at once.
   *[other] Most of a newsletter looked new at once, and this { $count } times; the first is { $name }.
} No channel of the staff shows that question. Press *Decide* to answer it here, or choose a channel with `/setup staff`: then I ask there.
flood-gone = That does not wait for a decision any more.
notice-silence = **{ $title } is late.** By its habit an issue should have come by { $expected } ({ $ago }), and none is there. If it rests on purpose, nothing needs to be done; else `/setup status` says whether its feed can be read.
status-flood = ⚠ { $new } of { $listed } issues of **{ $name }** looked new and are held back. Decide on the card in the staff's channel, or below where there is no card. `/desk post` posts single ones.

## The archive of links

archive-found = ### Links about “{ $query }”
archive-latest = ### The newest links
archive-ran = ran in { $issues }
archive-more-issues = { $count ->
    [one] one more issue
   *[other] { $count } more issues
}
archive-empty = There is no link in the archive yet. It fills with each issue that is read.
archive-nothing-found = No link of the archive says all of “{ $query }”. Try fewer words, or the beginning of one with a star: `photo*`.
archive-too-slow = That search takes too long right now. Try again in a minute, or write whole words instead of beginnings, and more of them.
archive-no-words = Give at least one word to look for.
archive-off = The archive of links is closed in this server.
archive-only-role = The archive of links is for <@&{ $role }> here.

## The editor's queue

queue-heading = ### { $count ->
    [0] The queue
    [one] One link in the queue
   *[other] { $count } links in the queue
}{ $passed ->
    [0] {""}
   *[other] {", "}{ $passed } passed by
}
queue-empty = Nothing waits. What moderators approve appears here.
queue-choose = Choose a link…
queue-queued = waits
queue-planned = **planned**
queue-passed = passed
queue-credit = -# Credit: { $name }
queue-anonymous = -# Credit: none; whoever found it stays anonymous.
export-credit = found by { $name }
queue-item-gone = That link is not in the queue any more.
queue-exported = { $count ->
    [0] The queue is empty: there is nothing to write into a file.
    [one] One link, with its credit where its finder gave leave.
   *[other] { $count } links, with credits where their finders gave leave.
}

queue-export-format = The queue is written as Markdown, CSV or JSON; SQLite is for every link that ran.
links-export-format = Every link that ran is written as CSV, JSON or SQLite; Markdown is for the queue.
links-exported = Every link that ran in what this server reads, with its issues.
export-too-large = { $command ->
    [none] Even packed, the file has more than { $megabytes } MB, which is what Discord takes here. Ask whoever runs this bot for it.
   *[other] Even packed, the file has more than { $megabytes } MB, which is what Discord takes here. The operator gets it with `{ $command }`.
}
stopping = Pressroom is being stopped or started anew just now. Please try again in a minute.

## Polls

poll-votes = { $count ->
    [one] **1** vote
   *[other] **{ $count }** votes
}
poll-open-until = closes { $when }
poll-closed-at = closed { $when }
poll-yours = your vote
poll-form-title = Ask the server
poll-form-question = Question
poll-form-question-note = What you want to know
poll-form-options = Answers
poll-form-options-note = Two to ten, one on each line
poll-form-options-example = Loved it
poll-form-closes = Closes
poll-form-closes-note = In 3 days, 12 hours … or on a day: 2026-12-01 18:00 (UTC)
poll-form-closes-default = 3 days
poll-form-kept = No poll was opened. This is what you wrote, so that you can copy it into `/poll create`:
    {""}**{ $question }**
    { $options }
poll-opened = Your poll is on its way to <#{ $channel }>. It closes on { $when }.
poll-opened-already = That poll is open already.
poll-not-there = A poll cannot be asked in <#{ $channel }>: it has to be a text channel in which both of us may write.
poll-question-length = A question has 1 to { $longest } characters.
poll-options-count = A poll has { $fewest } to { $most } answers, one on each line; you wrote { $count }.
poll-option-length = An answer has at most { $longest } characters.
poll-options-twice = Two of the answers are the same.
poll-closes-unclear = I do not understand when it closes. Write `3 days`, `12 hours`, or a day like `2026-12-01 18:00` (UTC).
poll-closes-past = That moment has passed already. Write when it closes, for example `3 days`.
poll-closes-soon = A poll is open for { $minutes } minutes at least.
poll-closes-late = A poll is open for { $days } days at most.
poll-ambiguous = Several polls are called like “{ $question }”. Pick the one you mean from the list.
poll-closed-already = The poll “{ $question }” was closed before, so nothing changed. `/results` tells how it ended.
poll-gone = That poll is not there any more.
poll-none-open = No poll is open at the moment.
poll-not-found = No poll is called “{ $question }”. Type part of the question and pick one from the list.
vote-counted = Your vote for **{ $option }** counts. You can change it until the poll closes { $until }.
vote-changed = Changed: your vote is for **{ $option }** now. You can change it until the poll closes { $until }.
vote-same = Your vote for **{ $option }** counts already.
vote-option-twice = Several answers of that poll are called “{ $option }”. Pick the one you mean from the list.
vote-no-such-option = That poll has no answer “{ $option }”. Pick one from the list, or leave it out to see the buttons.

## Privacy and help

privacy-exported = { $count ->
    [0] Nothing is kept about you in this server.
   *[other] Everything that is kept about you in this server, as a file. For another server, ask there.
}
privacy-forget-warning = **This lets go of everything that is kept about you in this server.** What waits for the moderators is taken back. What was decided stays in the newsletter's queue and archive, without your name and your words. Your votes in open polls are taken back; in closed ones they stay, without you. How you want to be named is forgotten. This cannot be undone.
privacy-forgotten = Done: nothing that is kept for this server names you any more. Messages that did are changed within minutes.
help-heading = **Pressroom** is the desk of this server's newsletter.
help-members = For everybody
help-moderators = For moderators
help-staff = For moderators and editors
help-administrators = For administrators
help-menu = -# On a message, *Apps → Submit to newsletter* sends in a link that stands in it.

## What can go wrong

error-unexpected = Something went wrong here, and it is logged. Please try again; if it stays, tell the operator the incident **{ $incident }**.
error-not-stored = The database failed in the middle of this, so **nothing of this was stored**. Please try again; if it fails again, tell the operator the incident **{ $incident }**.
error-takes-no-changes = The database takes no changes right now, so **nothing of this was stored**. Please try again later; if it stays, tell the operator the incident **{ $incident }**.
error-stored = The database failed in the middle of this, but **it was stored**. To see it, { $look }.
error-outcome-open = The database does not answer right now. **It is not known yet** whether your change is stored; as soon as it is known, this message tells you. You can also { $look }.
error-perhaps-stored = The database does not answer, so **it may have been stored** or not. When it answers again, { $look }, and try again if it is missing. If this stays, tell the operator the incident **{ $incident }**.
error-not-read = The database cannot be asked right now, and nothing was changed. Please try again later; if it stays, tell the operator the incident **{ $incident }**.
look-with = look with `{ $command }`
look-at-card = look at the card: it says what was decided
form-too-late = This took too long to open the form, and nothing was changed. Please try once more.
press-unknown = That is from an older version of me and does nothing any more. Use the command instead; `/issue latest` and others show the present one.
problem-unexpected = Something unexpected happened ({ $kind }); the operator's log has it.
folder-name = Of a newsletter that is files, the address is `folder:` and the name of its folder or file. What lies ready for this server is offered while you type.
address-several = That is more than one address, or two that were pasted into one. Give one.
address-spaced = A space or a line break stands in that address, so a piece of it may be missing. Give the whole address without spaces, and nothing else.
address-invalid = That is no web address. It should look like https://example.com/feed, or like the address of the newsletter's site.

fetch-slow = { $host } did not answer completely within { $seconds } seconds. (The operator may allow more with FETCH_TIMEOUT_SECONDS.)
fetch-private = That address leads into a private network and is not fetched. (The operator may allow it with ALLOW_PRIVATE_ADDRESSES=true.)
fetch-unreachable = { $host } cannot be reached. Check the address for typing errors.
fetch-no-address = That is no address that can be fetched. It should look like https://example.com/feed.
fetch-broken = { $host } broke off, or answered what is not HTTP or cannot be unpacked. This often passes; if it stays so, tell who runs the site.
fetch-packed = { $host } sends its answer packed in a way that nobody asked for. Tell who runs the site, or use another address of the feed.
fetch-unsafe = There is no safe connection to { $host }: its certificate is not valid, or it does not speak TLS. Tell who runs the site.
fetch-astray = { $host } redirects to what is no address. Look for the feed's new address on the site.
fetch-scheme = Only http and https addresses are fetched.
fetch-circles = { $host } redirects in circles, or too often. Look for the feed's own address on the site.
fetch-too-large = { $host } sends more than { $megabytes } MB, which no newsletter needs. Look for a shorter feed. (The operator may allow more with FETCH_MAX_MEGABYTES.)
fetch-refused = { $host } refuses access ({ $status }). Some platforms block servers; try the feed at another address.
fetch-nothing-there = { $host } has nothing at this address ({ $status }).
fetch-too-often = { $host } asks to be read less often ({ $status }).
fetch-trouble = { $host } has trouble of its own ({ $status }).
fetch-status = { $host } answered with status { $status }.
file-unreadable = The file cannot be read: { $reason }.
file-no-name = That is no name of a file.

websub-unknown = No hub was asked for that.
websub-denied = The hub refuses to tell of this feed.
websub-silent = The hub did not call back.
folder-closed = This bot reads no files. (The operator may open a folder for them with NEWSLETTERS_FOLDER.)
folder-missing = No newsletter “{ $name }” lies ready for this server. The operator puts it into NEWSLETTERS_FOLDER, in the folder { $server }.
folder-writing = The files of “{ $name }” are just being written, so nobody can tell yet which of its issues are old. Try again in a few seconds.
folder-empty = In `{ $name }` there is no file that could be an issue; their names end in { $endings }.
folder-passed-over = { $count ->
    [one] The file `{ $name }` was passed over: { $reason }
   *[other] { $count } files were passed over. The first is `{ $name }`: { $reason }
    }
import-same-address = With --site it has the same address as { $other }, so one of the two would be lost: give one of them another name, or import them without --site.
unreadable-draft = It says of itself that it is a draft.
unreadable-beehiiv-off = That is a beehiiv site whose feed is switched off. Switch it on in beehiiv under Settings → Publication → RSS feed, then give me the feed's address. Or give me the publication's address in beehiiv's API, `https://api.beehiiv.com/v2/publications/pub_…`, and a `key`.
beehiiv-no-key = beehiiv's API answers nobody without a key. Make one in beehiiv under Settings → API, and give it as `key`.
beehiiv-key-refused = beehiiv's API refuses the key. Check it, or make a new one in beehiiv under Settings → API. (A newsletter that is read with an old key is taken out with `/setup remove` first.)
beehiiv-not-secret = Without https everybody on the way could read the key. Give the address as `https://api.beehiiv.com/v2/publications/pub_…`.
beehiiv-no-posts = That is no answer of beehiiv's API: it has no list of posts. Check the publication's id in the address.
unreadable-page = There is a web page, not a feed; the address may have moved or ask for a log-in. Look for the site's feed address.
unreadable-no-feed = There is a web page, not a feed; it names no feed that can be read, and none is where feeds usually are. Ask the newsletter for the feed's address.
unreadable-plain = There is plain text, not a feed.
unreadable-feed = It begins like a feed, but it cannot be read.
unreadable-json = It is JSON, but cut off or damaged.
unreadable-no-json-feed = It is JSON, but no JSON Feed: it has no list of items.
unreadable-torn = The feed is cut off before its first item is whole. This often passes; if it stays so, tell who runs the site.
unreadable-cut = The feed breaks off in the middle, so nobody can tell yet which of its issues are old. This often passes; if it stays so, tell who runs the site.
unreadable-slow = It takes more than { $seconds } seconds to understand, which no newsletter does. Look for a shorter feed.
unreadable-crash = It takes more memory to understand than any newsletter, or it is made to do harm. Look for another feed.
unreadable-too-large = It is larger than { $megabytes } MB, which no newsletter needs.
unreadable-no-items = The feed is whole, but it holds no items.
unreadable-no-words = It holds no words that could be an issue.
unreadable-empty = It is empty.
unreadable-xml = It is XML, but neither a feed nor a page.
unreadable-other = It seems to be { $kind }, not a newsletter.
unreadable-binary = It is binary data, not text.

delivery-gone = The issue or the server is gone from the database.
delivery-moved = It moved to <#{ $channel }> together with its newsletter.
delivery-cancelled = The newsletter was removed before it was known whether the message arrived.
delivery-unknown-outcome = It is unknown whether a message arrived there, and without *Read Message History* it cannot be looked up. Grant me that permission in the channel; until then nothing is sent, so that nothing appears twice.
delivery-server-unavailable = Discord does not show this server at the moment.
delivery-slow = Discord did not answer in time.
delivery-not-ours = For a moment I could not tell the database that I am at work, so I leave this to whoever can; it is not lost.
delivery-slow-down = Discord asks to slow down.
delivery-trouble = Discord has trouble of its own ({ $status }).
delivery-not-allowed = Discord does not let me post there ({ $reason }). Grant me *View Channel* and *Send Messages* in the channel's settings.
delivery-channel-gone = The channel is not there any more, or I cannot see it. Choose another one with `/setup channel` for announcements, `/setup review` for submissions.
delivery-token = Discord does not know my token any more; the operator has to make a new one.
delivery-too-many-refused = Discord refused { $count } requests within ten minutes, so I pause before it shuts me out.
delivery-publish-limit = Discord lets about ten messages an hour be published in a channel.
delivery-review-public = Everybody can read that channel by now, and what members send in must not be seen before a moderator approved it. Close it to the others, or choose another one with `/setup review`.
delivery-message-gone = The message is not there any more; somebody deleted it.
delivery-thread-not-allowed = Discord does not let me start a thread there ({ $reason }). Grant me *Create Public Threads* in the channel's settings.
delivery-thread-refused = Discord refused the thread: { $reason }.
delivery-refused = Discord refused the message: { $reason }.
delivery-not-there-yet = The message is still on its way.
delivery-broken = The connection to Discord broke.

## Notices to the staff of a server, once for each occasion

notice-rung = **{ $title } is read at another address now:** { $address }. At { $before } it cannot be read: { $reason } The first address is tried again once a day. If it is gone for good, give the new one to `/setup source` and let the old one go with `/setup remove`; nothing is announced twice.
notice-rung-back = **{ $title } can be read at its own address again:** { $address }.
notice-unread = **{ $title } could not be read since { $since }.** { $reason } It is tried again and again; `/setup status` says when. Whatever comes out meanwhile is announced when it can be read.
reading-new-waits = It brought more at once than is stored of one newsletter in a day. { $count ->
    [one] One issue follows from tomorrow on, and is announced then if it is a new one.
   *[other] { $count } issues follow from tomorrow on; the new ones among them are announced then.
    }
reading-no-room = This server's archive is full, so { $count ->
    [one] one new issue is neither stored nor announced.
   *[other] { $count } new issues are neither stored nor announced.
    } `/setup remove` makes room after 30 days; or ask whoever runs me for more (ISSUES_PER_SERVER).
reading-no-room-for-links = This server's archive has no room for more links. New issues are announced, but `/links` does not find what stands in them. `/setup remove` makes room after 30 days; or ask whoever runs me for more (LINKS_PER_SERVER).
reading-edits-wait = Very many of its issues were changed at once. { $count ->
    [one] One change follows, with the next reading or tomorrow.
   *[other] { $count } changes follow, with the next readings or tomorrow.
    }
reading-links-cut = { $count ->
    [one] One issue has more than { $most } links; I keep the first { $most }.
   *[other] { $count } issues have more than { $most } links; I keep the first { $most } of each.
    }
notice-heavy = **{ $title } is very large, or takes long to understand.** Today it took as much as one newsletter may, so it is read again on { $when }; what comes out meanwhile is announced then.
notice-used-up = **Enough was read for this server today.** The operator allows so much a day, and its newsletters are read again on { $when }; what comes out meanwhile is announced then. If one of them is very large, `/setup remove` lets it go.
notice-channel-stopped = **Nothing is sent to <#{ $channel }> any more.** { $reason }
    { $count ->
    [0] Nothing waits there now.
    [one] One message waits; it is sent as soon as this is mended.
   *[other] { $count } messages wait; they are sent as soon as this is mended.
    } `/setup channel` moves announcements to another channel, `/setup review` what waits for moderators.
notice-no-threads = **Announcements in <#{ $channel }> get no discussion thread any more.** { $reason }
    They are posted all the same, and each new one tries again. If you want no threads, `/setup threads on:False` switches them off.
notice-refused = **An announcement for <#{ $channel }> could not be posted**, neither as a card nor as plain text. { $reason }
    All others go on. When the cause is mended, `/desk post` tries this one again.
notice-review-refused = **A submission could not be shown in <#{ $channel }>.** { $reason }
    It waits all the same; `/setup review` shows what waits anew.
notice-poll-refused = **A poll could not be posted in <#{ $channel }>.** { $reason }
    `/poll close` closes it; ask it again with `/poll create` when the cause is mended.
notice-flood-refused = **A question about many new issues could not be asked in <#{ $channel }>.** { $reason }
    They are held back all the same; `/setup status` names them, and `/desk post` posts what you choose.
