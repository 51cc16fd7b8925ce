// Package e2e has the end-to-end tests: the chat as people use it, in a headless Chromium, served by processes that are stopped, killed and cut
// off meanwhile. They need Chromium, and redis-server for those that have several instances; without them they are skipped, or fail if
// SOJOURN_NO_SKIP=1 is in the environment.
//
// Screenshots are left in the folder artefacts, or where $SOJOURN_ARTEFACTS says.
package e2e
