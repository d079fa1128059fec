// Room: cgroup. Device rules as values: the policy, the v1 list and the eBPF program, which a small
// interpreter runs here.
#include "device_rules.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <random>

#include "cleat/base/text.hpp"
#include "rule.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using spec::DeviceRule;

namespace {

constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr std::uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;

struct Request {
    char type;
    std::uint32_t major;
    std::uint32_t minor;
    std::uint32_t access;
};

bool jumps(unsigned condition, std::uint32_t left, std::uint32_t right) {
    if (condition == BPF_JNE) return left != right;
    if (condition == BPF_JEQ) return left == right;
    FAIL("jump that the interpreter does not know: ", condition);
    return false;
}

std::uint32_t calculate(const ::bpf_insn& at, std::uint32_t left, std::uint32_t source) {
    const std::uint32_t right =
        BPF_SRC(at.code) == BPF_X ? source : static_cast<std::uint32_t>(at.imm);
    switch (BPF_OP(at.code)) {
        case BPF_MOV:
            return right;
        case BPF_AND:
            return left & right;
        case BPF_RSH:
            return left >> right;
        default:
            FAIL("arithmetic that the interpreter does not know: ", unsigned{at.code});
    }
    return 0;
}

/// Runs the few instructions that the compiler uses, as instruction-set.rst describes them.
bool run(const std::vector<::bpf_insn>& program, const Request& request) {
    const std::uint32_t type = request.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const ::bpf_cgroup_dev_ctx context{request.access << 16U | type, request.major, request.minor};
    std::array<std::uint32_t, 6> r{};
    for (std::size_t i = 0; i < program.size(); ++i) {
        const ::bpf_insn& at = program[i];
        const unsigned kind = BPF_CLASS(at.code);
        if (kind == BPF_LDX)
            std::memcpy(&r.at(at.dst_reg), reinterpret_cast<const char*>(&context) + at.off, 4);
        else if (kind == BPF_ALU)
            r.at(at.dst_reg) = calculate(at, r.at(at.dst_reg), r.at(at.src_reg));
        else if (at.code == (BPF_JMP | BPF_EXIT))
            return r[0] == 1;
        else if (kind == BPF_JMP32 &&
                 jumps(BPF_OP(at.code), r.at(at.dst_reg), static_cast<std::uint32_t>(at.imm)))
            i += static_cast<std::size_t>(at.off);
    }
    FAIL("the program has no end");
    return false;
}

/// The meaning of the rules, said once more and as plainly as can be.
bool expected(const std::vector<DeviceRule>& rules, const Request& request) {
    for (const std::uint32_t bit : {kRead, kWrite, kMknod}) {
        if ((request.access & bit) == 0) continue;
        const char letter = bit == kRead ? 'r' : bit == kWrite ? 'w' : 'm';
        bool allowed = false;
        for (const auto& rule : rules) {
            const bool type = rule.type.empty() || rule.type == "a" || rule.type[0] == request.type;
            const bool major = rule.major.value_or(-1) < 0 || *rule.major == request.major;
            const bool minor = rule.minor.value_or(-1) < 0 || *rule.minor == request.minor;
            const bool access =
                rule.access.empty() || rule.access.find(letter) != std::string::npos;
            if (type && major && minor && access) allowed = rule.allow;
        }
        if (!allowed) return false;
    }
    return true;
}

bool granted(const std::vector<DeviceRule>& rules, const Request& request) {
    const auto policy = device_policy(rules);
    REQUIRE(policy);
    return run(device_program(*policy), request);
}

std::vector<std::string> lines(const DeviceList& list) {
    std::vector<std::string> all;
    for (const auto& devices : list.exceptions) all.push_back(device_line(devices));
    return all;
}

}  // namespace

TEST_CASE("nothing is allowed until a rule says so") {
    CHECK_FALSE(granted({}, {'c', 1, 3, kRead}));
    CHECK_FALSE(granted({test::kNothing}, {'c', 1, 3, kRead}));
    CHECK(granted({test::kEverything}, {'b', 8, 0, kRead | kWrite | kMknod}));
    CHECK_FALSE(granted({test::kEverything, test::kNothing}, {'b', 8, 0, kRead}));
}

TEST_CASE("a device rule is for its type, numbers and accesses") {
    CHECK(granted({test::kNothing, test::kNull}, {'c', 1, 3, kRead | kWrite}));
    CHECK_FALSE(granted({test::kNothing, test::kNull}, {'b', 1, 3, kRead}));
    CHECK_FALSE(granted({test::kNothing, test::kNull}, {'c', 1, 5, kRead}));
    CHECK_FALSE(granted({test::kNothing, test::kNull}, {'c', 2, 3, kRead}));
    CHECK(granted({test::kNothing, test::kAllCharNodes}, {'c', 200, 7, kMknod}));
    CHECK_FALSE(granted({test::kNothing, test::kAllCharNodes}, {'c', 200, 7, kMknod | kRead}));
    CHECK_FALSE(granted({test::kNothing, test::kAllCharNodes}, {'b', 200, 7, kMknod}));
}

TEST_CASE("a later rule takes back a part of an earlier one") {
    const DeviceRule no_write = test::rule("deny c 1:3 w");
    CHECK(granted({test::kNull, no_write}, {'c', 1, 3, kRead}));
    CHECK_FALSE(granted({test::kNull, no_write}, {'c', 1, 3, kWrite}));
    // Reading and writing at once must not slip past a rule that denies writing alone.
    CHECK_FALSE(granted({test::kNull, no_write}, {'c', 1, 3, kRead | kWrite}));
    CHECK_FALSE(granted({test::kEverything, no_write}, {'c', 1, 3, kRead | kWrite}));
    CHECK(granted({no_write, test::kNull}, {'c', 1, 3, kRead | kWrite}));
}

TEST_CASE("accesses may come from more than one rule") {
    const DeviceRule read = test::rule("allow c 1:* r");
    const DeviceRule write = test::rule("allow c *:3 w");
    CHECK(granted({read, write}, {'c', 1, 3, kRead | kWrite}));
    CHECK_FALSE(granted({read, write}, {'c', 1, 4, kRead | kWrite}));
}

TEST_CASE("numbers below zero stand for all numbers, as engines write them") {
    const DeviceRule any = test::rule("allow b 8:-1 r");
    CHECK(granted({any}, {'b', 8, 77, kRead}));
    CHECK_FALSE(granted({any}, {'b', 9, 77, kRead}));
    const DeviceRule big = test::rule("allow b 4294967295:* r");
    CHECK(granted({big}, {'b', 4294967295U, 1, kRead}));
    CHECK_FALSE(granted({big}, {'b', 1, 1, kRead}));
}

TEST_CASE("rules that make no sense are refused") {
    CHECK_FALSE(device_policy({test::rule("allow x *:* -")}));
    CHECK_FALSE(device_policy({test::rule("allow c *:* rx")}));
    const auto big = device_policy({test::rule("allow c 4294967296:* -")});
    REQUIRE_FALSE(big);
    CHECK(big.error().kind == ErrorKind::InvalidConfig);
    CHECK(big.error().what == "device number 4294967296 is too big");
}

TEST_CASE("the program decides as the rules say, whatever they are") {
    std::mt19937 random(4711);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in every run
    const auto one_of = [&](std::initializer_list<std::int64_t> all) {
        return *(all.begin() + random() % all.size());
    };
    const std::array<std::string, 7> accesses{"r", "w", "m", "rw", "rm", "rwm", ""};
    const std::array<std::string, 4> types{"a", "b", "c", ""};
    for (int i = 0; i < 2000; ++i) {
        std::vector<DeviceRule> rules(random() % 8);
        for (auto& rule : rules) {
            rule.allow = random() % 2 == 0;
            rule.type = types.at(random() % 4);
            if (random() % 2 == 0) rule.major = one_of({-1, 0, 1, 2});
            if (random() % 2 == 0) rule.minor = one_of({-1, 0, 3, 5});
            rule.access = accesses.at(random() % 7);
        }
        const Request request{random() % 2 == 0 ? 'b' : 'c',
                              static_cast<std::uint32_t>(one_of({0, 1, 2, 9})),
                              static_cast<std::uint32_t>(one_of({0, 3, 5, 9})),
                              static_cast<std::uint32_t>(1 + random() % 7)};
        CHECK(granted(rules, request) == expected(rules, request));
    }
}

TEST_CASE("the v1 list is a default and its exceptions") {
    const auto list =
        device_list(device_policy({test::kNothing, test::kAllCharNodes, test::kNull}).value());
    REQUIRE(list);
    CHECK(list->otherwise == Verdict::Deny);
    CHECK(lines(*list) == std::vector<std::string>{"c *:* m", "c 1:3 rwm"});

    const DeviceRule no_disk = test::rule("deny b 8:* rw");
    const auto open = device_list(device_policy({test::kNull, test::kEverything, no_disk}).value());
    REQUIRE(open);
    CHECK(open->otherwise == Verdict::Allow);
    CHECK(lines(*open) == std::vector<std::string>{"b 8:* rw"});
}

TEST_CASE("the v1 list takes back exceptions bit by bit and joins those of one device") {
    const DeviceRule no_write = test::rule("deny c 1:3 w");
    const DeviceRule no_chars = test::rule("deny c *:* -");
    const DeviceRule read = test::rule("allow c 1:3 r");
    const auto list_of = [](const std::vector<DeviceRule>& rules) {
        return lines(device_list(device_policy(rules).value()).value());
    };
    CHECK(list_of({test::kNull, no_write}) == std::vector<std::string>{"c 1:3 rm"});
    CHECK(list_of({test::kNull, no_chars}).empty());
    CHECK(list_of({test::kNull, no_write, read}) == std::vector<std::string>{"c 1:3 rm"});
    CHECK(list_of({read, test::kNull}) == std::vector<std::string>{"c 1:3 rwm"});
    CHECK(list_of({test::rule("allow a *:* r")}) == std::vector<std::string>{"b *:* r", "c *:* r"});
}

TEST_CASE("a v1 list that the kernel could not keep is refused, not written in vain") {
    const DeviceRule no_null = test::rule("deny c 1:3 m");
    const auto list = device_list(device_policy({test::kAllCharNodes, no_null}).value());
    REQUIRE_FALSE(list);
    CHECK(list.error().kind == ErrorKind::Unsupported);
    CHECK(list.error().what ==
          "device rule for c 1:3 m takes back a part of c *:* m, which cgroup v1 cannot express");
    const DeviceRule no_chars = test::rule("deny c *:* -");
    CHECK_FALSE(device_list(device_policy({test::kEverything, no_chars, test::kNull}).value()));
}
