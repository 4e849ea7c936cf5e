### Every sentence that a person reads. Ids name what it is about, then what it says.
### Short, active sentences of at most twenty words; `tests/test_texts.py` holds the rules. A command stands between
### backquotes by its name alone (`/setup status`): Discord then shows it as something to click.

## Cards

issue-by = by { $authors }
issue-link-count = { $count ->
    [one] **1** link
   *[other] **{ $count }** links
}
issue-withdrawn = The newsletter withdrew this issue.
issue-told-in = also in { $title }
issue-paywalled = the full text is for subscribers
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
button-flood-newest = Post the newest
button-flood-all = Post all { $count }
button-flood-none = Post none
button-flood-decide = Decide
button-approve = Approve
button-push-secret = Secret…
button-key = Enter key…
button-decline = Decline…
button-undo = Undo
button-credit-shown = As { $name }
button-credit-other = Another name…
button-credit-none = Stay anonymous
button-planned = Planned
button-passed = Not used
button-requeue = Back to the queue
button-back = Back to the list
button-forget = Delete my data
menu-submit = Submit to newsletter

## Commands: names are fixed, descriptions are shown in the picker

command-issue = Read the newsletter
command-issue-latest = Show the newest issue
command-issue-show = Show an issue of your choice
command-issue-topics = Show the topics of the last issues
option-issue-title = Type part of the title, then pick one
command-links = The archive: every link from every issue
command-links-search = Search the links; put "exact words" in quotes, or end a word with a star: begin*
command-links-latest = Show the links of the newest issues
command-links-random = Show a random link from the archive
option-links-words = Words from the title, the site, the section, the issue or the text around the link
command-desk = The newsletter's desk, for moderators and editors
command-desk-post = Post an issue from the archive in the announcement channel
command-desk-repost = Post an issue again; its old announcement shrinks to one line
command-desk-why = Check why an issue was posted, or why not
command-desk-preview = Preview the announcement of an issue; only you see it
option-desk-issue = Type part of the title, then pick one
command-setup = Set up the newsletter, for administrators
command-setup-source = Add a newsletter and choose the channel for its announcements
command-setup-channel = Move a newsletter to another channel; without options: show the channels
command-setup-ping = Mention a role in announcements, at most once a day; without options: show the role
command-setup-threads = Start a discussion thread under each announcement: on or off
command-setup-staff = Choose the channel where I tell the staff about problems
command-setup-repeats = Repeated stories: post every issue, or only the digest
option-setup-repeats = True: every issue is posted. False: only the digest; short issues wait for it half a day
command-setup-publish = Publish announcements to the channels that follow this one: on or off
command-setup-archive = Choose who can search the archive: everybody, one role, or nobody
option-setup-access = Everybody, one role, or nobody
option-setup-archive-role = The role, if you choose one role
choice-archive-everyone = Everybody
choice-archive-role = One role, and people who manage the server
choice-archive-off = Nobody
command-setup-push = Get an address that your newsletter's platform calls when a new issue is out
command-setup-remove = Stop reading a newsletter
command-setup-status = Check the setup and see what needs fixing
option-setup-address = Address of the feed or the site, or folder:name for files; empty: show the newsletters
option-setup-channel = The channel for announcements
option-setup-first = What to post after the first reading
option-setup-role = The role to mention
option-setup-remove = Remove an earlier choice
option-setup-newsletter = Which newsletter; I ask you if there are several
choice-remove-ping = The mention
choice-remove-staff = The staff channel; I use Discord's community updates channel instead
choice-remove-moderators = The moderators' role
choice-remove-editors = The editors' role
choice-remove-both = Both roles
choice-remove-push = The address; calls to it stop working
option-setup-staff = A channel that only the staff can read
option-setup-publish = On or off
option-desk-url = Part of the title, the address of the issue, or a link in it
option-setup-threads = On or off
option-setup-source = The newsletter to remove
option-setup-push-source = The newsletter of this platform
command-setup-review = Choose the channel where moderators decide about submissions
command-setup-roles = Choose the roles of the moderators and the editors
option-setup-review = A channel that only the staff can read
option-setup-moderators = The role that decides about submissions and makes polls
option-setup-editors = The role that plans with the queue
command-submit = Submit something to the newsletter
command-submit-link = Submit a link; the moderators check it first
command-submit-mine = Check your submissions
option-submit-address = The link
option-submit-why = Why it belongs in the newsletter, in one sentence
command-queue = Approved submissions, for editors
command-queue-list = See the queue, and mark links as planned or not used
command-queue-export = Download the queue as a file
option-queue-format = For the newsletter, a spreadsheet or a program
choice-export-csv = CSV, for a spreadsheet
option-queue-what = The queue, or every link from every issue
choice-export-queue = The queue
choice-export-links = Every link from every issue
choice-export-sqlite = SQLite, a database in a file (links only)
choice-export-json = JSON, for a program
choice-export-md = Markdown, ready to paste
command-poll = Ask the server, for moderators
command-poll-create = Ask a question with two to ten answers
command-poll-close = Close a poll now
option-poll-channel = The channel for the poll; this one if you choose none
option-poll-open = The poll to close
command-vote = Vote in a poll; the newest one if you choose none
option-vote-option = Your answer; leave it empty to see the buttons
option-vote-poll = Which poll, if not the newest
command-results = See the results of a poll
option-results-poll = Type part of the question, then pick one
command-privacy = Your data and your name
command-privacy-export = Download everything stored about you in this server
command-privacy-forget = Delete everything stored about you in this server
command-privacy-credit = Choose how the newsletter names you when it uses your link
command-help = See what you can do here
choice-first-newest = Only the newest issue
choice-first-none = Nothing; wait for the next issue

## /issue

issue-none-yet = There is no issue here yet. An administrator can add the newsletter with `/setup source`.
issue-not-found = No issue is called “{ $title }”. Type part of a title and pick one from the list.
issue-ambiguous = Several issues match “{ $title }”. Pick the right one from the list.
issue-gone = That issue is no longer in this server's archive.
topics-heading = ### Topics of the last issues
topics-none = no topics named

## /desk

post-queued = I am posting it in <#{ $channel }>.
post-already = That issue is already posted: { $link }
post-underway = I am already posting that issue in <#{ $channel }>.
repost-queued = I am posting it in <#{ $channel }>. The old announcement will link to it.
repost-never-posted = That issue was never posted here. Use `/desk post` instead.
announcement-anew = -# **{ $title }** was posted again: { $link }
preview-heading = -# This is the announcement. Only you see it.

why-seen = I first saw **{ $title }** in { $source } on { $when }, and stored it.
why-link = That address is a link in **{ $title }**.
why-source = That is the address of **{ $title }**, which this server reads.
why-never-seen = I have never seen that address. It is neither an issue of your newsletters nor a link in one.
why-source-read = - I last read **{ $title }** on { $when }, without problems.
why-source-unread = - I have not read **{ $title }** yet.
why-source-fails = - I cannot read **{ $title }**: { $reason } I will try again on { $when }.
why-queued = It was new. I queued it for <#{ $channel }> on { $when }.
why-queued-anew = The staff asked for a new announcement in <#{ $channel }> on { $when }.
why-announced-alike = It is already here, once for all addresses of the newsletter: { $link }
why-told-again = I did not post it: **{ $title }** has the same story, and this server posts each story once (`/setup repeats`). `/desk post` posts it anyway.
why-waits-for-digest = It waits for a digest with the same story, because this server posts each story once (`/setup repeats`). If no digest comes, I post it on { $when }.
why-alike-on-its-way = I am already posting it in <#{ $channel }>, from another address of the newsletter.
why-edited = The newsletter changed it. I saw the change on { $when }.
why-withdrawn = The newsletter withdrew it. It left the feed by { $when }, but older and newer issues are still there.
why-withdrawn-gone = The newsletter withdrew it. It left the feed by { $when }, and its own address or its platform confirms this.
why-not-withdrawn = I did not post it, because the newsletter withdrew it. `/desk post` posts it anyway.
why-struck = Its announcement is crossed out.
why-redrawn-soon = I am about to update its announcement.
why-not-redrawn = I could not update its announcement: { $reason }
why-deleted = Somebody deleted that announcement, and I do not post it again on my own. `/desk repost` does that.
why-flood = I am holding it back: { $new } of { $listed } issues of its newsletter looked new on { $when }. The staff decides what to post, on the card in the staff channel. Is there no card? Press *Decide* below the answer of `/setup status`. `/desk post` posts only this issue.
why-flood-none = I did not post it. Too many issues looked new at once, and the staff chose to post none. `/desk post` posts it.
why-flood-newest = I did not post it. Too many issues looked new at once, and the staff chose which ones to post. `/desk post` posts it.
why-imported = I did not post it. The operator put it into the archive, and it was never in your newsletters' feeds. `/desk post` posts it.
why-cancelled = I do not know whether it arrived. The newsletter was removed here before Discord confirmed it. `/setup source` adds it again.
why-moved = It moved to <#{ $channel }> together with its newsletter.
why-archive = I did not post it. It was already in the feed at the first reading, when I post only the newest issue. `/desk post` posts it.
why-archive-nothing = I did not post it. It was already in the feed at the first reading, and you chose to post nothing then. `/desk post` posts it.
why-not-subscribed = I did not post it. This server no longer reads that newsletter.
why-not-queued = I did not post it. There was no channel at that time, or newer issues were already posted. `/desk post` posts it.
why-sent = It has been here since { $when }: { $link }
why-without-thread = It has no thread: { $reason }
why-degraded = Discord refused the card, so I sent it as plain text.
why-refused = Discord refused it: { $reason } Fix the cause, then use `/desk post`.
why-held = It has been waiting since { $when }, because I cannot send anything to <#{ $channel }>: { $reason }
why-waits = It waits after { $attempts ->
    [one] one attempt
   *[other] { $attempts } attempts
}: { $reason } I will try again on { $when }.
why-on-its-way = I am posting it right now.
why-published = I published it to the following channels on { $when }.
why-published-soon = I will publish it to the following channels on { $when }.
why-published-not = I do not publish it to the following channels: { $reason }
why-folded = I shortened an earlier announcement to one line on { $when }.
why-folded-soon = I will shorten an earlier announcement to one line on { $when }.
why-folded-not = I could not shorten an earlier announcement to one line: { $reason }

## /setup

setup-source-added = I now read **{ $title }**. { $count ->
    [0] Its feed has no issue yet.
    [one] Its one issue goes into the archive.
   *[other] Its { $count } issues go into the archive.
} { $first ->
    [newest] I post the newest issue in <#{ $channel }>, unless it is already there. New issues follow there.
   *[none] I post new issues in <#{ $channel }>.
}
setup-too-many-sources = This server reads { $count } newsletters, which is the limit. Remove one with `/setup remove` first, or ask the operator for more.
setup-used-up = This server has read { $megabytes } MB today, which is the operator's limit (MEGABYTES_PER_SERVER). Try again tomorrow, or remove a large newsletter with `/setup remove`.
setup-source-busy = I am checking another address for this server, which takes a few minutes at most. Wait for that answer, then try again.
setup-source-crowded = Many servers are adding newsletters right now. This server did not get its turn within { $minutes } minutes. Try again in a few minutes.
setup-source-slow = Looking for a newsletter there takes longer than { $minutes } minutes. Give me the address of the feed itself, or of a shorter one.
setup-source-allowance = That address has more data than this server can still read today. Give me the address of a shorter feed, or try again tomorrow.
setup-source-known = I already read **{ $title }** here, and post its new issues in <#{ $channel }>.
setup-source-moved = I already read **{ $title }** here. From now on I post it in <#{ $channel }>, and no longer in <#{ $before }>. Nothing is posted again. Waiting announcements move too; posted ones stay.
setup-source-new-key = I now read it with the new key.
setup-source-other-key = **{ $title }** is already here with another key or none, and other servers read it that way too. Remove it with `/setup remove`, then add it with this key.
setup-source-no-key = The field for the key is empty. Copy the key from the newsletter's platform, then press *Enter key…* again.
setup-source-hint = `/setup source` with an address adds a newsletter.
setup-source-ghost = -# This is a Ghost site. With a key of its Content API, I also see what is for subscribers, and at once what is unpublished. In Ghost, make a custom integration under Settings → Integrations, then press *Enter key…*. After that, remove the feed with `/setup remove`. Nothing is posted again.
setup-source-typed = -# That address contains a key or a password, and Discord keeps it in the list of your commands. Next time, leave it out: I ask for it in a form.
setup-key-choose = Replace the key of…
key-form-title = Key of the newsletter
key-form-address = Address
key-form-address-note = The address of the site, or of its API
key-form-key = Key
key-form-key-note = The key of the API, or user:password for a feed; I store it encrypted and never show it
setup-channel-needed = Choose the channel for announcements too. This server has none yet.
setup-channel-moved = From now on I post { $titles } in <#{ $channel }>. Waiting announcements move too; posted ones stay.
setup-channel-which = Which newsletters should I post in <#{ $channel }> from now on?
setup-channel-choose = Choose newsletters…
setup-channel-all = All of them
setup-channel-hint = `/setup channel` with a channel moves a newsletter there.
setup-one-of-both = You cannot choose and remove something at once. Use only one of the two options.
setup-permissions-missing = I cannot post in <#{ $channel }>. I need { $permissions } there. Allow this in the channel's settings and try again.
setup-ping-on = Announcements mention <@&{ $role }>, at most once a day.
setup-ping-impossible = Discord would not let me mention <@&{ $role }>. Turn on *Allow anyone to @mention this role* in the role's settings and try again. You can also give me the permission *Mention @everyone, @here and All Roles*.
setup-ping-off = Announcements mention nobody.
setup-threads-on = Each announcement gets a discussion thread.
setup-threads-off = Announcements get no thread.
setup-staff-changed = I tell the staff about problems in <#{ $channel }>.
setup-staff-default = I tell the staff about problems in Discord's community updates channel, if this server has one. You also see them in `/setup status`.
setup-repeats-on = I post every issue, even if a digest has the same story. Issues that waited for a digest follow at once.
setup-repeats-off = I post each story once. If a newsletter sends digests, its short issues wait half a day for one. If no digest comes, I post them. You can always read them with `/issue show`.
setup-publish-on = Two minutes after I post in an announcement channel, I publish it to all channels that follow it. These announcements are text with a preview, because Discord does not pass on buttons.
setup-publish-off = I do not publish announcements to other channels.
setup-archive-everyone = Everybody can search the archive (`/links search`).
setup-archive-role = Only <@&{ $role }> and people who manage the server can search the archive (`/links search`).
setup-archive-role-needed = Choose the role too, with the option `role`.
setup-archive-off = Nobody can search the archive (`/links search`). The links stay stored.
setup-push-open = Give this address to the newsletter's platform as a webhook for published issues: `{ $address }`. Everybody who knows it can make me read the newsletter, but nothing else. Keep it secret, or remove it with the option `remove`. If the platform can sign its calls, press *Secret…*.
setup-push-signed = Give this address to the newsletter's platform as a webhook for published issues: `{ $address }`. I accept only calls signed with your secret.
setup-push-removed = That newsletter no longer has an address for calls. I ignore calls to the old one.
setup-push-hint = -# `/setup push` with a newsletter shows its address for calls, or makes one.
status-push = - I also read **{ $title }** when its platform calls (`/setup push`).
push-form-title = Secret of the webhook
push-form-secret = Secret
push-form-secret-note = Write the same one here and in the platform; I store it encrypted
push-closed = The operator has not opened an address for such calls (`PUBLIC_URL` and `PUSH_PORT`).
push-secret-invalid = That secret is too short, or a part of it is missing. It needs 16 characters or more. One that starts with `whsec_` has to be copied as a whole.
push-unknown = That address is not in use.
push-unsigned = The call is not signed with the secret.
push-stale = The call is too old, or a clock is wrong.
push-replayed = I already got this call.
setup-removed = I no longer read that newsletter here. Old announcements stay. If no other server reads it, I delete its archive after { $days } days. Until then it counts for this server's archive, and `/setup source` brings it back.{ $dropped ->
    [0] {""}
    [one] {" "}One short issue waited for a digest, and I will not post it. After you add the newsletter again, `/desk post` can post it.
   *[other] {" "}{ $dropped } short issues waited for a digest, and I will not post them. After you add the newsletter again, `/desk post` can post them.
    }
setup-source-unknown = This server does not read that newsletter. Pick one from the list.
status-heading = ### Setup of this server
status-source = **{ $title }** → <#{ $channel }>
status-address = -# { $address }
status-rung = -# I read it at { $address } now, because the address above fails. I try that one again once a day.
status-hub = -# its hub { $hub } tells me about new issues
status-read = read { $when }
status-not-yet = not read yet
status-problem = ⚠ { $problem } I will try again { $when }.
status-troubled = ⚠ An announcement for <#{ $channel }> waits: { $problem } I will try again { $when }.
status-refused = ⚠ Discord refused an announcement for <#{ $channel }>: { $problem } Fix the cause, then use `/desk post`.
status-threadless = ⚠ Announcements in <#{ $channel }> have had no thread since { $since }: { $problem } I try again with the next one.
status-stopped = ⚠ I cannot send anything to <#{ $channel }>: { $problem }
status-staff = Staff channel: <#{ $channel }>
status-staff-none = ⚠ I cannot tell the staff about problems. Choose a channel with `/setup staff`
status-repeats-on = Repeated stories: every issue is posted
status-repeats-off = Repeated stories: only the digest is posted
status-held = { $count ->
    [one] One short issue waits for a digest with the same story. If none comes, I post it { $until }.
   *[other] { $count } short issues wait for a digest with the same stories. If none comes, I post them { $until } at the latest.
    } `/setup repeats` with `on: True` posts at once.
status-used-up = ⚠ This server has used up its reading limit for today. I read its newsletters again tomorrow.
status-share = Archive: { $issues } of { $most_issues } issues, { $links } of { $most_links } links. Limits for one newsletter a day: { $issues_a_day } issues and { $links_a_day } links
status-publish-on = Publishing to following channels: on
status-publish-off = Publishing to following channels: off
status-archive-everyone = Archive search: for everybody
status-archive-role = Archive search: for <@&{ $role }>
status-archive-off = Archive search: closed
status-more = -# … and { $count } more newsletters
status-none = No newsletter yet. Start with `/setup source`.
status-ping-on = Mentions <@&{ $role }>, at most once a day
status-ping-off = Mentions nobody
status-threads-on = Discussion threads: on
status-threads-off = Discussion threads: off

setup-review-changed = Submissions now appear in <#{ $channel }>, where moderators approve or decline them. Members can now use `/submit link`.
setup-review-public = Everybody can read <#{ $channel }>. Nobody may see a submission before a moderator approves it. Choose a channel that only the staff can read.
setup-roles-everyone = *Everyone* cannot be a staff role. Choose another role.
status-review = Review channel: <#{ $channel }>
status-review-none = Submissions: off; choose a channel with `/setup review`
status-moderators = Moderators: <@&{ $role }>
status-moderators-none = Moderators: people who manage messages; choose a role with `/setup roles`
status-editors = Editors: <@&{ $role }>
status-editors-none = Editors: people who manage the server; choose a role with `/setup roles`
status-commands-seen = -# ✓ <@&{ $role }> can see { $commands }.
status-commands-hidden = ⚠ <@&{ $role }> cannot see { $commands } yet. Only you can change that in Discord. Go to *Server Settings → Integrations → Pressroom*, open each command, then *Add Roles or Members*.
status-commands-unknown = -# Discord does not say right now which commands they can see.

## Submissions

submit-received = Received: { $name }. The moderators will check it. `/submit mine` shows what they decide.
submit-withdrawn = Withdrawn: { $name }. The moderators no longer see it.
submit-closed = This server takes no submissions yet. An administrator can choose the review channel with `/setup review`.
submit-no-link = That is not a web address. It should look like https://example.com/article
submit-no-link-in-message = That message has no link.
submit-which-link = Which link do you mean?
submit-which-link-choose = Choose a link…
submit-hidden-channel = Not everybody can read that message, so you cannot submit it. Choose a message from an open channel.
submit-credentials = That address contains a user name or a password. Remove it and submit the address again.
submit-private = That address leads into a private network. Nobody else can open it.
submit-invite = You cannot submit invitations to Discord servers.
submit-note-length = Your reason is too long. Use { $longest } characters at most. Nothing was submitted.
submit-ran = That link was already in an issue: **{ $title }** { $link }
submit-known = Somebody else already submitted that link.
submit-known-mine = You already submitted that link. `/submit mine` shows its state.
submit-known-declined = Somebody already submitted that link, and the moderators declined it.
submit-enough-of-you = You submitted { $count } links within a day, which is the limit. Withdrawn links count too. Submit the next one { $when }.
submit-enough-of-all = This server received { $count } links within a day, which is the limit. Submit yours { $when }.
submit-too-many = { $count } of your links are waiting for the moderators. Wait until they decide, or withdraw one with `/submit mine`.
submission-gone = That submission no longer exists.
submission-ran = **in the issue** { $title }, link number { $place }
withdraw-too-late = You can no longer withdraw that: { $state ->
    [ran] it is in the issue.
    [declined] the moderators declined it.
    [planned] the editor planned it.
    [passed] the editor did not use it.
   *[other] the moderators decided.
}
credit-question = **If the newsletter uses your link, how may it name you?** You stay anonymous until you choose. You can change your choice at any time with `/privacy credit`.
credit-named = The newsletter names you as **{ $name }** when it uses your link.
credit-named-soon = The newsletter names you as **{ $name }** when it uses your link, but the moderators must approve the name first. They see it on the card of your submission. Until they approve a link of yours, you stay anonymous.
credit-anonymous = You stay anonymous.
credit-name-length = A name has 1 to { $longest } characters, and at least one letter.
credit-form-title = Your name in the newsletter
credit-form-name = Name
credit-form-name-note = A name or a handle, exactly as the newsletter should show it
mine-heading = ### Your submissions
mine-none = Nothing yet. Use `/submit link`, or *Apps → Submit to newsletter* on a message.
mine-pending = waiting for the moderators
mine-approved = approved, in the editor's queue
mine-declined = declined
mine-withdrawn = withdrawn
mine-planned = planned by the editor
mine-passed = approved, but not used by the editor
mine-brought = submitted by somebody who saw your message
mine-withdraw = Withdraw one…
mine-named = -# When the newsletter uses your link, it names you as **{ $name }**. `/privacy credit` changes that.
mine-named-soon = -# When the newsletter uses your link, it names you as **{ $name }**. First the moderators must approve a link of yours together with this name. `/privacy credit` changes that.
mine-anonymous = -# When the newsletter uses your link, you stay anonymous. `/privacy credit` changes that.
review-sent = -# submitted by <@{ $finder }> { $when }
review-brought = -# found by <@{ $finder }>, brought by <@{ $bringer }> { $when }
review-name = -# wants the name **{ $name }**; if you approve the link, you approve the name too
review-approved = -# ✓ { $name } · approved by <@{ $moderator }> { $when }
review-declined = -# ✗ { $name } · declined by <@{ $moderator }> { $when }
review-approved-by-nobody = -# ✓ { $name } · approved { $when }
review-declined-by-nobody = -# ✗ { $name } · declined { $when }
review-withdrawn = -# { $name } · withdrawn by the member
review-undecided = -# { $name } · needs no decision now
review-came-late = Somebody was faster:
    { $line }
review-ran-before = It is already in an issue, so you need not decide. Nothing changed:
    { $line }
decline-form-title = Decline
decline-form-reason = Reason
decline-form-reason-note = The member reads this in /submit mine; you may leave it empty
decline-reason-length = The reason is too long. Use { $longest } characters at most. Nothing was decided.
only-moderators = Only moderators can do that. You need the permission *Manage Messages*, or the role from `/setup roles`.
only-editors = Only editors can do that. You need the permission *Manage Server*, or the role from `/setup roles`.
only-staff = Only moderators and editors can do that. You need the permission *Manage Messages*, or a role from `/setup roles`.
only-administrators = Only administrators can do that. You need the permission *Manage Server*.
too-fast-of-you = That was a lot at once. Wait for the answers, then try again.
too-fast-of-all = This server is very busy right now. Try again in a few seconds.
only-in-servers = I work in servers only. Use me in a channel of the newsletter's server.

## Watching a newsletter

flood-held = **Please decide: { $new } of { $listed } issues of { $name } look new.** Perhaps its feed was rebuilt or moved. They are in the archive. I post nothing until you decide. The newest is “{ $title }”.
flood-decided-newest = -# { $new } of { $listed } issues of { $name } looked new. Posted: only the newest, “{ $title }”.
flood-decided-all = -# { $new } of { $listed } issues of { $name } looked new. Posted: all of them.
flood-decided-none = -# { $new } of { $listed } issues of { $name } looked new. Posted: none. `/desk post` posts any of them.
waiting-floods = ⚠ **{ $new } new issues wait for your decision.** { $count ->
    [one] Most issues of { $name } looked new at once.
   *[other] This happened { $count } times: most issues of a newsletter looked new at once. The first is { $name }.
} No staff channel shows that question. Press *Decide* to answer it here, or choose a channel with `/setup staff`.
flood-gone = That no longer waits for a decision.
notice-silence = **{ $title } is late.** Its next issue usually comes by { $expected } ({ $ago }), but I have not seen it. If this is a planned break, do nothing. If not, check its feed with `/setup status`.
status-flood = ⚠ { $new } of { $listed } issues of **{ $name }** looked new, so I am holding them back. Decide on the card in the staff channel. If there is no card, decide below. `/desk post` posts single issues.

## The archive of links

archive-found = ### Links about “{ $query }”
archive-latest = ### The newest links
archive-ran = in { $issues }
archive-more-issues = { $count ->
    [one] one more issue
   *[other] { $count } more issues
}
archive-empty = There is no link in the archive yet. Each new issue adds its links.
archive-nothing-found = No link in the archive matches all of “{ $query }”. Try fewer words, or the beginning of one with a star: `photo*`.
archive-too-slow = That search takes too long right now. Try again in a minute. More words help, and so do whole words without a star.
archive-no-words = Type at least one word.
archive-off = The archive is closed in this server.
archive-only-role = Only <@&{ $role }> can search the archive here.

## The editor's queue

queue-heading = ### { $count ->
    [0] The queue
    [one] One link in the queue
   *[other] { $count } links in the queue
}{ $passed ->
    [0] {""}
   *[other] {", "}{ $passed } not used
}
queue-empty = The queue is empty. Links appear here when moderators approve them.
queue-choose = Choose a link…
queue-queued = approved
queue-planned = **planned**
queue-passed = not used
queue-credit = -# Credit: { $name }
queue-anonymous = -# Credit: none; the finder stays anonymous.
export-credit = found by { $name }
queue-item-gone = That link is no longer in the queue.
queue-exported = { $count ->
    [0] The queue is empty, so there is no file.
    [one] One link, with a credit if the finder allows it.
   *[other] { $count } links, with credits if the finders allow them.
}

queue-export-format = The queue comes as Markdown, CSV or JSON. SQLite is only for every link from every issue.
links-export-format = Every link from every issue comes as CSV, JSON or SQLite. Markdown is only for the queue.
links-exported = Every link from this server's newsletters, with its issues.
export-too-large = { $command ->
    [none] The file is larger than { $megabytes } MB even when packed, which is Discord's limit here. Ask the operator for it.
   *[other] The file is larger than { $megabytes } MB even when packed, which is Discord's limit here. The operator can get it with `{ $command }`.
}
stopping = Pressroom is restarting. Please try again in a minute.

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
poll-form-closes-note = In 3 days, 12 hours … or on a day: 2026-12-01 18:00 (UTC), 2026-12-01 18:00 +01:00
poll-form-closes-default = 3 days
poll-form-kept = I did not open a poll. Here is your text, ready to copy into `/poll create`:
    {""}**{ $question }**
    { $options }
poll-opened = I am posting your poll in <#{ $channel }>. It closes on { $when }.
poll-opened-already = That poll is already open.
poll-not-there = I cannot post a poll in <#{ $channel }>. Choose a text channel in which both of us can write.
poll-question-length = A question has 1 to { $longest } characters.
poll-options-count = A poll has { $fewest } to { $most } answers, one on each line. You wrote { $count }.
poll-option-length = An answer has at most { $longest } characters.
poll-options-twice = Two of the answers are the same.
poll-closes-unclear = I do not understand when the poll closes. Write `3 days`, `12 hours`, or a day like `2026-12-01 18:00` (UTC) or `2026-12-01 18:00 +01:00`.
poll-closes-past = That time is in the past. Write when the poll closes, for example `3 days`.
poll-closes-soon = A poll must stay open for at least { $minutes } minutes.
poll-closes-late = A poll can stay open for at most { $days } days.
poll-ambiguous = Several polls match “{ $question }”. Pick the right one from the list.
poll-closed-already = The poll “{ $question }” was already closed, so nothing changed. `/results` shows how it ended.
poll-gone = That poll no longer exists.
poll-none-open = No poll is open right now.
poll-not-found = No poll is called “{ $question }”. Type part of the question and pick one from the list.
vote-counted = Your vote for **{ $option }** counts. You can change it until the poll closes { $until }.
vote-changed = Changed: your vote is now for **{ $option }**. You can change it until the poll closes { $until }.
vote-same = You already voted for **{ $option }**.
vote-option-twice = Several answers of that poll match “{ $option }”. Pick the right one from the list.
vote-no-such-option = That poll has no answer “{ $option }”. Pick one from the list, or leave it empty to see the buttons.

## Privacy and help

privacy-exported = { $count ->
    [0] Nothing is stored about you in this server.
   *[other] This file has everything stored about you in this server. Each server has its own file; ask there for others.
}
privacy-forget-warning = **This deletes everything stored about you in this server.**
    - Submissions that wait for the moderators are withdrawn.
    - Submissions with a decision stay in the queue and the archive, but without your name and your words.
    - Your votes in open polls are withdrawn. In closed polls they stay, but without you.
    - Your choice of name is deleted.
    - How much you sent within the last day still counts for its limit, without your name.
    {""}
    You cannot undo this.
privacy-forgotten = Done. Nothing stored for this server names you any more. I will change messages that name you within minutes.
help-heading = **Pressroom** is the desk of this server's newsletter.
help-members = For everybody
help-moderators = For moderators
help-staff = For moderators and editors
help-administrators = For administrators
help-menu = -# *Apps → Submit to newsletter* on a message submits a link from it.

## What can go wrong

error-unexpected = Something went wrong, and I logged it. Please try again. If it happens again, tell the operator this code: **{ $incident }**.
error-not-stored = The database failed, so **nothing was stored**. Please try again. If it fails again, tell the operator this code: **{ $incident }**.
error-takes-no-changes = The database accepts no changes right now, so **nothing was stored**. Please try again later. If it fails again, tell the operator this code: **{ $incident }**.
error-stored = The database failed, but **your change was stored**. To see it, { $look }.
error-outcome-open = The database does not answer right now. **I do not know yet** whether your change is stored. I will update this message when I know. You can also { $look }.
error-perhaps-stored = The database does not answer. **Your change may be stored** or not. Later, { $look }, and try again if it is missing. If this goes on, tell the operator this code: **{ $incident }**.
error-not-read = The database does not answer right now, and nothing changed. Please try again later. If it fails again, tell the operator this code: **{ $incident }**.
look-with = use `{ $command }`
look-at-card = look at the card
form-too-late = This form took too long to open, and nothing changed. Please try again.
press-unknown = That button is from an older version and no longer works. Use the command instead, for example `/issue latest`.
problem-unexpected = Something unexpected happened ({ $kind }). The operator can find it in the log.
folder-name = For a newsletter in files, the address is `folder:` and the name of its folder or file. While you type, I show what is ready for this server.
address-several = That is more than one address, or two addresses run together. Give me one.
address-spaced = That address contains a space or a line break, so a part may be missing. Give me the whole address without spaces, and nothing else.
address-invalid = That is not a web address. It should look like https://example.com/feed, or like the address of the newsletter's site.

fetch-slow = { $host } did not answer completely within { $seconds } seconds. (The operator can allow more with FETCH_TIMEOUT_SECONDS.)
fetch-private = That address leads into a private network, so I do not read it. (The operator can allow it with ALLOW_PRIVATE_ADDRESSES=true.)
fetch-unreachable = I cannot reach { $host }. Check the address for typing errors.
fetch-no-address = I cannot read that address. It should look like https://example.com/feed.
fetch-broken = { $host } broke off, or its answer is damaged. Often it works again later. If it does not, tell the owner of the site.
fetch-packed = { $host } sends its answer in a compression that I did not ask for. Tell the owner of the site, or use another address of the feed.
fetch-unsafe = There is no safe connection to { $host }: its certificate is not valid, or it does not support TLS. Tell the owner of the site.
fetch-astray = { $host } redirects to something that is not an address. Look for the feed's new address on the site.
fetch-scheme = I read only http and https addresses.
fetch-circles = { $host } redirects in circles, or too often. Look for the feed's own address on the site.
fetch-too-large = { $host } sends more than { $megabytes } MB, which no newsletter needs. Look for a shorter feed. (The operator can allow more with FETCH_MAX_MEGABYTES.)
fetch-refused = { $host } refuses access ({ $status }). Some platforms block servers. Try another address of the feed.
fetch-nothing-there = { $host } has nothing at this address ({ $status }).
fetch-too-often = { $host } asks me to read it less often ({ $status }).
fetch-trouble = { $host } has problems of its own ({ $status }).
fetch-status = { $host } answered with status { $status }.
file-unreadable = I cannot read the file: { $reason }.
file-no-name = That is not a file name.

websub-unknown = I did not ask a hub for that.
websub-denied = The hub refuses to tell me about this feed.
websub-silent = The hub did not call back.
folder-closed = This bot reads no files. (The operator can open a folder for them with NEWSLETTERS_FOLDER.)
folder-missing = There is no newsletter “{ $name }” for this server. The operator can put it into NEWSLETTERS_FOLDER, in the folder { $server }.
folder-writing = Somebody is still writing the files of “{ $name }”, so I cannot tell yet which issues are old. Try again in a few seconds.
folder-empty = `{ $name }` has no file that could be an issue. File names must end in { $endings }.
folder-passed-over = { $count ->
    [one] I skipped the file `{ $name }`: { $reason }
   *[other] I skipped { $count } files. The first is `{ $name }`: { $reason }
    }
import-same-address = With --site it has the same address as { $other }, so one of them would get lost. Rename one of them, or import them without --site.
unreadable-draft = It is marked as a draft.
unreadable-beehiiv-off = The feed of that beehiiv site is off. Turn it on in beehiiv under Settings → Publication → RSS feed, then give me the feed's address. You can also give me the publication's address in beehiiv's API, `https://api.beehiiv.com/v2/publications/pub_…`. Then I ask for its key.
beehiiv-no-key = beehiiv's API needs a key. Make one in beehiiv under Settings → API. Then press *Enter key…* below the answer of `/setup source`.
beehiiv-key-refused = beehiiv's API refuses the key. Check it, or make a new one in beehiiv under Settings → API. `/setup source` without options replaces the key of a newsletter.
beehiiv-not-secret = Without https, others could read the key. Give me the address as `https://api.beehiiv.com/v2/publications/pub_…`.
beehiiv-no-posts = That is not an answer of beehiiv's API: it has no list of posts. Check the publication's id in the address.
ghost-no-key = Ghost's Content API needs a key. In Ghost, make a custom integration under Settings → Integrations. Then press *Enter key…* below the answer of `/setup source`, and type its Content API key.
ghost-key-refused = Ghost's Content API refuses the key. Copy the Content API key again, in Ghost under Settings → Integrations. The Admin API key does not work here. `/setup source` without options replaces the key of a newsletter.
ghost-not-secret = Without https, others could read the key. Give me the address of the site with `https://`.
ghost-no-posts = That is not an answer of Ghost's Content API. Check the address of the site.
site-private = That site is private: without its password, nobody sees its feed. If it is a Ghost site, give its address to `/setup source`, press *Enter key…*, and type a Content API key.
unreadable-page = That is a web page, not a feed. The address may be old, or it may need a login. Look for the site's feed address.
unreadable-no-feed = That is a web page, not a feed. It names no feed that I can read, and I found none at the usual addresses. Ask the newsletter for the feed's address.
unreadable-plain = That is plain text, not a feed.
unreadable-feed = It starts like a feed, but I cannot read it.
unreadable-json = It is JSON, but cut off or damaged.
unreadable-no-json-feed = It is JSON, but not a JSON Feed: it has no list of items.
unreadable-torn = The feed is cut off before the end of its first item. Often it works again later. If it does not, tell the owner of the site.
unreadable-cut = The feed breaks off in the middle, so I cannot tell yet which issues are old. Often it works again later. If it does not, tell the owner of the site.
unreadable-slow = It takes more than { $seconds } seconds to read, which is too long for a newsletter. Look for a shorter feed.
unreadable-crash = It takes too much memory to read, or it is made to do harm. Look for another feed.
unreadable-too-large = It is larger than { $megabytes } MB, which no newsletter needs.
unreadable-no-items = The feed is complete, but it has no items.
unreadable-no-words = It has no words that could be an issue.
unreadable-empty = It is empty.
unreadable-xml = It is XML, but neither a feed nor a page.
unreadable-other = It seems to be { $kind }, not a newsletter.
unreadable-binary = It is binary data, not text.

delivery-gone = The issue or the server is no longer in the database.
delivery-moved = It moved to <#{ $channel }> together with its newsletter.
delivery-cancelled = The newsletter was removed before Discord confirmed the message.
delivery-unknown-outcome = I do not know whether a message arrived there, and I need *Read Message History* to look. Give me that permission in the channel. Until then I send nothing, to avoid posting twice.
delivery-server-unavailable = Discord does not show this server right now.
delivery-kind-unknown = This version of me does not know this kind of message ({ $kind }). A newer one sends it.
delivery-slow = Discord did not answer in time.
delivery-not-ours = For a moment I could not reach the database, so another process may send this. It is not lost.
delivery-slow-down = Discord asks me to slow down.
delivery-trouble = Discord has problems of its own ({ $status }).
delivery-not-allowed = Discord does not let me post there ({ $reason }). Give me *View Channel* and *Send Messages* in the channel's settings.
delivery-channel-gone = The channel no longer exists, or I cannot see it. Choose another one: `/setup channel` for announcements, `/setup review` for submissions.
delivery-token = Discord no longer accepts my token. The operator must make a new one.
delivery-too-many-refused = Discord refused { $count } requests within ten minutes, so I am pausing before it blocks me.
delivery-publish-limit = Discord lets me publish about ten messages an hour in one channel.
delivery-review-public = Everybody can read that channel now. Nobody may see a submission before a moderator approves it. Close the channel to others, or choose another one with `/setup review`.
delivery-message-gone = Somebody deleted the message.
delivery-thread-not-allowed = Discord does not let me start a thread there ({ $reason }). Give me *Create Public Threads* in the channel's settings.
delivery-thread-refused = Discord refused the thread: { $reason }.
delivery-refused = Discord refused the message: { $reason }.
delivery-not-there-yet = I have not posted the message yet.
delivery-broken = The connection to Discord broke.

## Notices to the staff of a server, once for each occasion

notice-rung = **I now read { $title } at another address:** { $address }. I cannot read it at { $before }: { $reason } I try the first address again once a day. If it is gone for good, add the new one with `/setup source` and remove the old one with `/setup remove`. Nothing is posted twice.
notice-rung-back = **I can read { $title } at its own address again:** { $address }.
notice-unread = **I have not been able to read { $title } since { $since }.** { $reason } I keep trying, and `/setup status` shows when. I will post new issues when I can read it again.
reading-new-waits = It brought more issues at once than I store for one newsletter in a day. { $count ->
    [one] One issue follows from tomorrow on. If it is new, I post it then.
   *[other] { $count } issues follow from tomorrow on. I post the new ones then.
    }
reading-no-room = This server's archive is full, so I neither store nor post { $count ->
    [one] one new issue.
   *[other] { $count } new issues.
    } `/setup remove` makes room after 30 days. Or ask the operator for more (ISSUES_PER_SERVER).
reading-no-room-for-links = This server's archive has no room for more links. I post new issues, but `/links search` does not find their links. `/setup remove` makes room after 30 days. Or ask the operator for more (LINKS_PER_SERVER).
reading-edits-wait = Many issues changed at once. { $count ->
    [one] One change follows with the next reading or tomorrow.
   *[other] { $count } changes follow with the next readings or tomorrow.
    }
reading-links-cut = { $count ->
    [one] One issue has more than { $most } links; I keep the first { $most }.
   *[other] { $count } issues have more than { $most } links; I keep the first { $most } of each.
    }
notice-heavy = **{ $title } is very large, or takes long to read.** It used up the daily limit of one newsletter, so I read it again on { $when }. I will post new issues then.
notice-used-up = **This server has used up its reading limit for today.** The operator sets the limit. I read its newsletters again on { $when }, and post new issues then. If one of them is very large, you can remove it with `/setup remove`.
notice-channel-stopped = **I can no longer send anything to <#{ $channel }>.** { $reason }
    { $count ->
    [0] Nothing waits there now.
    [one] One message waits. I will send it when this is fixed.
   *[other] { $count } messages wait. I will send them when this is fixed.
    } `/setup channel` moves announcements to another channel, and `/setup review` moves submissions.
notice-no-threads = **Announcements in <#{ $channel }> no longer get a discussion thread.** { $reason }
    I still post them, and try again with each new one. If you want no threads, use `/setup threads` with `on: False`.
notice-refused = **I could not post an announcement in <#{ $channel }>**, neither as a card nor as plain text. { $reason }
    I still post all other announcements. When the cause is fixed, use `/desk post` to try this one again.
notice-review-refused = **I could not show a submission in <#{ $channel }>.** { $reason }
    It still waits. `/setup review` shows all waiting submissions again.
notice-poll-refused = **I could not post a poll in <#{ $channel }>.** { $reason }
    `/poll close` closes it. When the cause is fixed, ask it again with `/poll create`.
notice-flood-refused = **I could not ask in <#{ $channel }> about many new issues.** { $reason }
    I am still holding them back. `/setup status` lists them, and `/desk post` posts the ones you choose.

## For who runs the bot: the command line

cli-about = Pressroom, the Discord desk of a newsletter.
cli-run = connect to Discord and work until Ctrl-C
cli-check = see whether settings, database and token are as they should be
cli-invite = print the address that brings the bot to a server
cli-migrate = bring the database to this version's tables
cli-preview = show what is understood of a newsletter, and the message
cli-preview-json = one JSON object a line and an issue
preview-links = ── All links
preview-poll = ── Poll: { $question }
cli-sources = a file, a folder or an address
cli-import = fill the archive from files and addresses; posts nothing
cli-import-source = whose archive it is: the address given to /setup source
cli-import-site = where the issues are on the web: slug.md is at URL/slug
cli-export = write the editor's queue, or every link that ran, to standard output
cli-export-what = the queue, or the archive of links
cli-export-server = the server's id, where the bot is in several
cli-export-format = md is for the queue only, sqlite for links only
migrated = The database is up to date now.
migrated-before = The database was up to date already.
export-no-format = The { $what } cannot be written as { $format }; choose { $others }.
export-queue-formats = md, csv or json
export-links-formats = csv, json or sqlite
export-broken = The { $what } cannot be written: { $problem }. Make room, and export again.
export-no-server = The bot was set up in no server yet, so there is nothing to export.
export-which-server = Which server do you mean? Known are:{ $servers }
imported-new = { $count ->
    [one] 1 new issue
   *[other] { $count } new issues
}
imported-known = { $count } known already
imported-drafts = { $count ->
    [one] 1 draft left out
   *[other] { $count } drafts left out
}
imported-failed = { $count ->
    [one] 1 document not understood
   *[other] { $count } documents not understood
}
import-bad-option = { $option } { $value }: { $reason }
import-bad-source = --source { $value }: { $reason } Does a server read files? Then it is the address that /setup status shows with the server's id: folder:ID/name.
import-nothing = There is nothing to import. Files of a folder are taken if they end in { $endings }.
import-empty-path = One of the paths is empty. Name a file, a folder or an address.
import-no-path = There is no file or folder { $path }.
import-unreadable-path = { $path } cannot be read: { $problem }.
import-odd-path = { $path } is neither a file nor a folder.
import-plain-source = Name the source without its user and password.
import-which-source = Whose archive is it? Known are:{ $sources }
import-unread = No server reads { $address }. What is imported can be seen where it is added with /setup source. It goes after { $days } days in which no server reads it.
import-no-source = No newsletter is set up yet. Say whose archive it is: --source and the address of its feed.

## For who runs the bot: settings

settings-attention = The settings (environment or .env) need attention:
settings-no-text = The file .env is no text in UTF-8. Write it again, see .env.example.
settings-problem = { $variable }: { $problem }.
settings-problem-example = { $variable }: { $problem }. Example: { $example }
settings-http-address = must be an http or https address
settings-https = must be https unless it is on this machine: the token travels with every request
settings-database-scheme = must begin with sqlite:/// or postgresql://
settings-database-file = must name a file after sqlite:///
settings-database-address = is no database address; characters like @ : / [ in user or password are written %40 %3A %2F %5B
settings-token-missing = is missing
settings-token-shape = does not look like a bot token (three parts joined by dots)
settings-token-example = the token from the Bot page of your application in Discord's developer portal
settings-database-example = sqlite:///data/pressroom.db or postgresql://user:password@host/pressroom

## For who runs the bot: python -m bot check

check-settings = The settings can be read.
check-private-on = ALLOW_PRIVATE_ADDRESSES is on. Anybody who may add a source reaches this machine's own services and its private network. It is meant for tests on one machine. Set it to false.
check-health-open = HEALTH_HOST is { $host }. Health and metrics can be read from other machines. Set it to 127.0.0.1, or keep others out with a firewall.
check-no-folder = NEWSLETTERS_FOLDER is { $folder }, and there is no such folder. Make it, with one folder in it for each server, named by its id.
check-no-public-url = PUSH_PORT is set, but PUBLIC_URL is not. Nobody can learn where to call. Set it to the address under which the internet reaches that port.
check-no-push-port = PUBLIC_URL is set, but PUSH_PORT is not: nothing listens there. Set the port.
check-file-open = { $path } can be read by other users of this machine: chmod 600 { $quoted }
check-folder-open = Other users may exchange what lies in { $folder }: chmod go-w { $quoted }
check-database-missing = The database { $path } is not there yet; the first start makes it.
check-database-migrates = The database is to be migrated to revision { $revision }; the next start does it.
check-database-newer = The database was made by a newer Pressroom (revision { $revision }; this one knows { $known }).
check-database-writes = The database takes writes and has this version's tables.
check-database-sound = The database is sound.
check-little-room = Only { $megabytes } MB are free where the database lies; make room in time.
check-token-refused = Discord refuses the token (DISCORD_TOKEN). Make a new one on the Bot page of your application in Discord's developer portal.
check-unreachable = Discord cannot be reached at { $address }. Check the connection.
check-token-known = Discord knows the token: the bot is { $name }.
check-sessions = { $remaining } of { $total } sessions may still be begun in the next { $hours } hours.

## For who runs the bot: why it does not start

start-unreachable = Discord cannot be reached at { $address }: { $problem }. Check the connection and try again.
start-unreachable-now = Discord cannot be reached at { $address }. Check the connection and try again.
start-refused = Discord refused the start (status { $status }): { $problem }
start-token-refused = Discord refused the token (DISCORD_TOKEN). Make a new one on the Bot page of your application in Discord's developer portal and put it into .env.
start-discord-trouble = Discord has trouble of its own. Try again in a few minutes.
start-no-intent = Discord refused the connection: the application lacks an intent the bot asks for.
start-no-port = Nothing can listen on { $address } ({ $settings }): { $problem }. Choose another port.
start-no-database = There is no database at { $path } yet; `python -m bot migrate` makes it, and so does the first start.
start-other-tables = The database has other tables than this version: run `python -m bot migrate` first.
start-second = Another Pressroom is running on the database { $path }. Stop it first, or give this one a database of its own (DATABASE_URL). Several processes together need PostgreSQL.

## For who runs the bot: health

health-database = It takes writes.
health-no-answer = The database does not answer.
health-shards = { $connected } of { $shards } shards are connected.
health-shards-missing = { $connected } of { $shards } shards are connected; the others reconnect.
health-no-shards = Not connected to Discord yet.
health-too-many-sessions = Too many sessions were begun; the next one begins at { $moment }. See in the log why it restarts.
health-workers-wait = They start when Discord is connected.
health-worker = It works.
health-worker-waits = It starts when Discord is connected.
health-worker-failed = It failed and tries again: { $problem }
health-worker-silent = It gave no sign for ten minutes; the log may say why. A restart loses nothing.
health-outbox-empty = Nothing waits.
health-outbox-waits = The oldest delivery waits for { $minutes } minutes.
health-outbox-stuck = The oldest delivery waits for { $minutes } minutes; the log says why.
health-floods-none = Nothing is held back.
health-floods = { $count ->
    [one] Once
   *[other] { $count } times
} most of a newsletter looked new. Its issues are held back until the staff of the server decides. Administrators see it below /setup, /desk and /help.

## For who runs the bot: the database

store-read-only = The database { $path } cannot be written. Check the owner and permissions of the file and of its folder. Check that the disk is not mounted read-only.
store-full = The disk is full: nothing can be stored until there is room again. Delete what is not needed, or enlarge it.
store-damaged = The database is damaged: { $what }. Stop Pressroom, keep a copy of the database as it is, and restore the last backup.
store-gone = The database cannot be reached: { $what }. Check that its server runs, that it can be reached from here, and that DATABASE_URL names it.
store-gone-no-answer = it does not answer
store-gone-broke = the connection to it broke
store-slow = The database took too long for what it was asked ({ $what }). Try again. If that lasts, see what slows its server or disk.
store-silent = The database did not answer within { $seconds } seconds: it may be overloaded or out of reach. If that lasts, see what slows its server, and whether it can be reached from here.
store-busy = The database has more to do than it can. Try again; if that lasts, see what slows it.
store-locked = The database is locked by another program. Close the program that has it open, and try again.
store-disk = The disk refuses to read or write the database. See whether it is full, over its quota or mounted read-only. If not, it is failing: look into the system's log, and have a backup elsewhere.
store-server-full = The disk of the database server is full ({ $what }): nothing can be stored until it has room.
store-server-read-only = The database server takes no writes ({ $what }). It is a standby, or was set read-only, often because its disk is full. Name the primary in DATABASE_URL, or make the server writable again.
store-server-busy = The database server is too busy ({ $what }). Try again; if that lasts, see what slows it.
store-refuses = The database refuses: { $what }. Check DATABASE_URL and the server.
store-odd-parameter = DATABASE_URL has a parameter that is not understood: { $what }.
store-not-answered = The database has not answered for { $seconds } seconds. If that lasts, see what keeps its disk or server busy.
store-undone = The database undid what was being written: the disk is full or failing.
store-closing = The database is being closed.
store-unopened = The database { $path } cannot be opened: { $problem }.
store-too-new = This database was made by a newer Pressroom (revision { $revision }; this one knows { $known }). Install that version again, or restore the backup from before the upgrade.
store-orphans = The migration would leave { $count } rows without their parents; undone.
store-key-open = Other users of this machine may write the key file { $path }, so it is not used. Make sure that the key in it is yours, then type: chmod 600 { $quoted }
store-key-other = A stored secret cannot be opened with the key in { $path }. Put the original key file back, or enter the secret again with /setup.
store-key-unusable = The key file { $path } cannot be used: { $problem }. Put it back from the backup, or name another one by SECRET_KEY_FILE.
