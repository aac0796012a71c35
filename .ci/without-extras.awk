# Names each package that is locked with extras once more without them. To a pip before 24 the two
# are different requirements: it would look for the newest release of the one that is not named.
/^[^ ]/ { printf "%s", again; again = ""; extras = /^[^ ]+\[/ }
{ print }
extras { sub(/^[^ ]+\[[^]]*\]/, substr($0, 1, index($0, "[") - 1)); again = again $0 "\n" }
END { printf "%s", again }
