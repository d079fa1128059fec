// A directory laid out as a resctrl file system of a machine with two caches.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cleat/cgroup/stats.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using Texts = std::vector<std::string>;

namespace {

class Resctrl {
 public:
    Resctrl() {
        char name[] = "/tmp/cleat-rdt-XXXXXX";
        root = ::mkdtemp(name);
        put("/schemata", "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n");
        put("/gold/schemata", "    MB:0= 20;1= 70\n    L3:0=7f0;1=01f\n");
        std::filesystem::create_directory(root + "/info");
    }
    Resctrl(const Resctrl&) = delete;
    Resctrl& operator=(const Resctrl&) = delete;
    ~Resctrl() { std::filesystem::remove_all(root); }

    void put(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(root + name).parent_path());
        std::ofstream(root + name) << text;
    }
    void allocate() const {
        put("/info/L3/cbm_mask", "7ff\n");
        put("/info/L3/min_cbm_bits", "2\n");
        put("/info/L3/num_closids", "16\n");
        put("/info/MB/bandwidth_gran", "10\n");
        put("/info/MB/delay_linear", "1\n");
        put("/info/MB/min_bandwidth", "10\n");
        put("/info/MB/num_closids", "8\n");
    }
    void monitor(const std::string& group, const std::string& first) const {
        put("/info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
        for (const char* domain : {"/mon_data/mon_L3_00/", "/mon_data/mon_L3_01/"}) {
            put(group + domain + "llc_occupancy", first + "1\n");
            put(group + domain + "mbm_total_bytes", first + "2\n");
            put(group + domain + "mbm_local_bytes", "Unavailable\n");
        }
    }
    [[nodiscard]] RdtStats read(const std::string& group, const std::string& monitor = "") const {
        auto stats = read_rdt_stats({.group = root + group, .monitor = monitor});
        REQUIRE(stats);
        return *std::move(stats);
    }

    std::string root;
};

}  // namespace

TEST_CASE("a container without an rdt group has no statistics of one") {
    CHECK_FALSE(read_rdt_stats({}));
}

TEST_CASE("an rdt group has its schemata beside those of the root, and what there is of each") {
    const Resctrl fs;
    fs.allocate();
    const auto stats = fs.read("/gold");
    CHECK(stats.schemata == Texts{"MB:0= 20;1= 70", "L3:0=7f0;1=01f"});
    REQUIRE((stats.cache && stats.bandwidth));
    CHECK(stats.cache->info.mask == "7ff");
    CHECK(stats.cache->info.min_bits == 2);
    CHECK(stats.cache->info.classes == 16);
    CHECK(stats.cache->root_schema == "L3:0=7ff;1=7ff");
    CHECK(stats.cache->schema == "L3:0=7f0;1=01f");
    CHECK(stats.bandwidth->info.granularity == 10);
    CHECK(stats.bandwidth->info.delay_linear == 1);
    CHECK(stats.bandwidth->info.minimum == 10);
    CHECK(stats.bandwidth->info.classes == 8);
    CHECK(stats.bandwidth->root_schema == "MB:0=100;1=100");
    CHECK(stats.bandwidth->schema == "MB:0= 20;1= 70");
    CHECK_FALSE((stats.traffic || stats.occupancy));
}

TEST_CASE("the default class is the root itself") {
    const Resctrl fs;
    fs.allocate();
    CHECK(fs.read("").cache->schema == "L3:0=7ff;1=7ff");
}

TEST_CASE("what the machine does not have is absent") {
    const Resctrl fs;
    const auto stats = fs.read("/gold");
    CHECK_FALSE((stats.cache || stats.bandwidth || stats.traffic || stats.occupancy));
    CHECK(stats.schemata.size() == 2);
    CHECK(fs.read("/none").schemata.empty());
}

TEST_CASE("what is monitored comes from the container's own group, or from its class") {
    const Resctrl fs;
    fs.monitor("/gold", "1");
    fs.monitor("/gold/mon_groups/web1", "2");
    const auto own = fs.read("/gold", fs.root + "/gold/mon_groups/web1");
    REQUIRE((own.traffic && own.occupancy));
    REQUIRE(own.traffic->size() == 2);
    CHECK(own.traffic->at(0).total == 22);
    CHECK(own.traffic->at(1).local == 0);
    CHECK(*own.occupancy == std::vector<std::uint64_t>{21, 21});
    CHECK(fs.read("/gold").occupancy->at(0) == 11);
    fs.put("/info/L3_MON/mon_features", "llc_occupancy\n");
    CHECK_FALSE(fs.read("/gold").traffic);
}
