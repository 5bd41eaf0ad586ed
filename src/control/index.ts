/**
 * Control: closes the ring. Cycles: evaluate ▶ place ▶ plan ▶ run. The CLI, the API and the demo are faces on it.
 */
export {}
