// Unit tests of spec/check_resources.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

}  // namespace

TEST_CASE("limits that no controller takes are refused with their place") {
    constexpr Mistake kRows[] = {
        {R"({"devices": [{"allow": true, "type": "u"}]})", "/devices/0/type", "unknown device"},
        {R"({"devices": [{"allow": true, "access": "rx"}]})", "/devices/0/access", "not of r, w"},
        {R"({"devices": [{"allow": true, "access": ""}]})", "/devices/0/access", "not of r, w"},
        {R"({"devices": [{"allow": true, "major": -2}]})", "/devices/0/major", "-1 or more"},
        {R"({"devices": [{"allow": true, "minor": -2}]})", "/devices/0/minor", "-1 or more"},
        {R"({"memory": {"limit": -2}})", "/memory/limit", "must be -1"},
        {R"({"memory": {"reservation": -2}})", "/memory/reservation", "must be -1"},
        {R"({"memory": {"kernel": -2}})", "/memory/kernel", "must be -1"},
        {R"({"memory": {"kernelTCP": -2}})", "/memory/kernelTCP", "must be -1"},
        {R"({"memory": {"swappiness": 101}})", "/memory/swappiness", "0 to 100"},
        {R"({"memory": {"limit": 5, "swap": 4}})", "/memory/swap", "memory and swap together"},
        {R"({"memory": {"limit": -1, "swap": 4}})", "/memory/swap", "needs a memory limit"},
        {R"({"cpu": {"period": 999}})", "/cpu/period", "1000 to 1000000"},
        {R"({"cpu": {"period": 1000001}})", "/cpu/period", "1000 to 1000000"},
        {R"({"cpu": {"quota": -2}})", "/cpu/quota", "must be -1"},
        {R"({"cpu": {"idle": 2}})", "/cpu/idle", "0 or 1"},
        {R"({"cpu": {"cpus": "all"}})", "/cpu/cpus", "is no list"},
        {R"({"cpu": {"mems": "n0"}})", "/cpu/mems", "is no list"},
        {R"({"pids": {"limit": -2}})", "/pids/limit", "-1 or more"},
        {R"({"blockIO": {"weight": 9}})", "/blockIO/weight", "10 to 1000"},
        {R"({"blockIO": {"leafWeight": 1001}})", "/blockIO/leafWeight", "10 to 1000"},
        {R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "weight": 5}]}})",
         "/blockIO/weightDevice/0/weight", "10 to 1000"},
        {R"({"blockIO": {"throttleReadBpsDevice": [{"major": -8, "minor": 0, "rate": 5}]}})",
         "/blockIO/throttleReadBpsDevice/0/major", "0 or more"},
        {R"({"blockIO": {"throttleWriteIOPSDevice": [{"major": 8, "minor": -1, "rate": 5}]}})",
         "/blockIO/throttleWriteIOPSDevice/0/minor", "0 or more"},
        {R"({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]})", "/hugepageLimits/0/pageSize",
         "unknown hugepage"},
        {R"({"hugepageLimits": [{"pageSize": "2M", "limit": 1}]})", "/hugepageLimits/0/pageSize",
         "unknown hugepage"},
        {R"({"network": {"priorities": [{"name": "", "priority": 1}]}})",
         "/network/priorities/0/name", "no name of a device"},
        {R"({"rdma": {"mlx": {}}})", "/rdma/mlx", "hcaHandles or hcaObjects"},
        {R"({"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}})", "/blockIO/weightDevice/0",
         "weight or leafWeight"},
        {R"({"rdma": {"a b": {"hcaHandles": 1}}})", "/rdma/a b", "no name of a device"},
        {R"({"unified": {"../memory.max": "1"}})", "/unified/..~1memory.max",
         "no file of a cgroup"},
        {R"({"unified": {"": "1"}})", "/unified/", "no file of a cgroup"},
        {R"({"unified": {"..": "1"}})", "/unified/..", "no file of a cgroup"},
    };
    for (const auto& row : kRows) documents::check_mistake(decode_resources(row.text), row);
}

TEST_CASE("limits that engines send are taken") {
    for (const char* text :
         {R"({"memory": {"limit": -1, "swap": -1}})", R"({"memory": {"limit": 0, "swap": 0}})",
          R"({"memory": {"limit": 5, "swap": 5}})", R"({"memory": {"swappiness": 0}})",
          R"({"memory": {"swappiness": 18446744073709551615}})", R"({"cpu": {"period": 0}})",
          R"({"cpu": {"quota": -1, "cpus": "0-1,3", "mems": ""}})", R"({"pids": {"limit": -1}})",
          R"({"blockIO": {"weight": 0}})",
          R"({"hugepageLimits": [{"pageSize": "64KB", "limit": 1}]})",
          R"({"unified": {"memory.high": "max"}})",
          R"({"devices": [{"allow": false}, {"allow": true, "access": "rrm"}]})",
          R"({"devices": [{"allow": false, "access": "rwm", "major": -1, "minor": -1}]})"})
        CHECK_MESSAGE(documents::problems_of(decode_resources(text)) == "", text);
}

}  // namespace cleat::spec
