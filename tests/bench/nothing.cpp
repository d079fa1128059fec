// Room: tests. What executing any static program costs, which tools/bench-shim compares with.
int main() {}
