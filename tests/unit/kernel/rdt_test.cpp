// A directory laid out as resctrl lays out its groups; the plan says where that is.
#include "cleat/kernel/rdt.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cleat/sys/files.hpp"

namespace cleat::kernel {
namespace {

using plan::MakeRdtGroup;
using plan::RdtOwner;

class Resctrl {
 public:
    Resctrl() {
        char name[] = "/tmp/cleat-rdt-XXXXXX";
        root = ::mkdtemp(name);
        std::filesystem::create_directory(root + "/info");
        put("/info/last_cmd_status", "mask f has no bits\n");
    }
    Resctrl(const Resctrl&) = delete;
    Resctrl& operator=(const Resctrl&) = delete;
    ~Resctrl() { std::filesystem::remove_all(root); }

    void put(const std::string& name, const std::string& text) const {
        std::ofstream(root + name) << text;
    }
    [[nodiscard]] std::string get(const std::string& name) const {
        return sys::read_text_at(sys::kHere, (root + name).c_str()).value_or("?");
    }
    void add_group(const std::string& name, const std::string& tasks = "") const {
        std::filesystem::create_directories(root + name);
        put(name + "/tasks", tasks);
        put(name + "/schemata", "    MB:0=100;1= 20\n    L3:0=00f;1=7ff\n");
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(root + name);
    }

    std::string root;
};

Result<RdtMade> share(const Resctrl& fs, std::vector<std::string> expected) {
    return make_rdt_group(
        {.group = fs.root + "/gold", .owner = RdtOwner::Shared, .expected = std::move(expected)});
}

}  // namespace

TEST_CASE("an rdt group is made if it is missing, unless it must be there") {
    const Resctrl fs;
    const auto other = make_rdt_group({.group = fs.root + "/gold", .owner = RdtOwner::Other});
    REQUIRE_FALSE(other);
    CHECK(other.error().errno_value == ENOENT);
    CHECK(make_rdt_group({.group = fs.root + "/web1"}) == RdtMade::New);
    CHECK(share(fs, {"L3:0=f"}) == RdtMade::New);
    CHECK((fs.has("/web1") && fs.has("/gold")));
}

TEST_CASE("a shared rdt group that is there must have the schemata that are asked for") {
    const Resctrl fs;
    fs.add_group("/gold", "1\n");
    CHECK(share(fs, {"L3:1=7FF;0=f", "MB:1=20"}) == RdtMade::Before);
    for (const char* other : {"L3:0=ff", "L3:2=f", "L2:0=f", "MB:0=f", "L3:", "nonsense"}) {
        const auto made = share(fs, {other});
        CAPTURE(other);
        REQUIRE_FALSE(made);
        CHECK(made.error().kind == ErrorKind::InvalidConfig);
        CHECK(made.error().what.find(other) != std::string::npos);
    }
}

TEST_CASE("an rdt group of the container's own that others are in is not taken") {
    const Resctrl fs;
    fs.add_group("/web1");
    CHECK(make_rdt_group({.group = fs.root + "/web1"}) == RdtMade::Before);
    fs.put("/web1/tasks", "4711\n");
    const auto made = make_rdt_group({.group = fs.root + "/web1"});
    REQUIRE_FALSE(made);
    CHECK(made.error().errno_value == EEXIST);
}

TEST_CASE("schemata and processes are written to the files of a group") {
    const Resctrl fs;
    fs.add_group("/gold");
    fs.add_group("/gold/mon_groups/web1");
    fs.put("/gold/schemata", "");
    REQUIRE(write_rdt_schema({.group = fs.root + "/gold", .schema = "L3:0=f"}));
    CHECK(fs.get("/gold/schemata") == "L3:0=f\n");
    REQUIRE(
        join_rdt_groups({.groups = {fs.root + "/gold", fs.root + "/gold/mon_groups/web1"}}, 4711));
    CHECK(fs.get("/gold/tasks") == "4711");
    CHECK(fs.get("/gold/mon_groups/web1/tasks") == "4711");
}

TEST_CASE("a schema that is refused is told with the reason of the kernel") {
    const Resctrl fs;
    const auto written = write_rdt_schema({.group = fs.root + "/none", .schema = "L3:0=0"});
    REQUIRE_FALSE(written);
    CHECK(written.error().what.find("L3:0=0: mask f has no bits") != std::string::npos);
}

TEST_CASE("an rdt group is removed once, and one that is in use is not discarded") {
    const Resctrl fs;
    REQUIRE(make_rdt_group({.group = fs.root + "/web1"}));
    CHECK(remove_rdt_group(fs.root + "/web1"));
    CHECK_FALSE(fs.has("/web1"));
    CHECK(remove_rdt_group(fs.root + "/web1"));
    fs.add_group("/gold", "1\n");
    CHECK_FALSE(discard_rdt_group(fs.root + "/gold"));
    CHECK(fs.has("/gold"));
}

}  // namespace cleat::kernel
