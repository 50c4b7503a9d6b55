# Tests are found by their names:
#   tests/unit/ROOM/test_X.c     unit_ROOM_X, label unit
#   tests/vectors/test_X.c       vectors_X, label vectors
#   tests/sim/test_X.c           sim_X, label sim: scenarios in virtual time
#   tests/hostile/test_X.c       hostile_X, label hostile
#   tests/guarantees/test_X.c    guarantees_X, label guarantees: the promises of the chat
#   tests/fuzz/fuzz_X.c          fuzz_X, label fuzz: a libFuzzer target, or (other presets) a runner of
#                                its corpus tests/fuzz/corpus/X/*
#   tests/ct/ct_X.c              ct_X, label ct, in the ct preset only: under valgrind, secrets poisoned
#   tests/bench/bench_X.c        bench_X, no test: `./check bench` runs it
# They run in the source folder, so that they can open tests/vectors/....
enable_testing()

add_library(testing STATIC tests/lib/testing.c tests/lib/json.c)
target_link_libraries(testing PUBLIC house room_crypto_base cmocka m)

function(test_program name source)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE testing rooms)
endfunction()

function(tests_of label pattern)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/${label}/${pattern}_*.c)
    foreach(source ${sources})
        string(REGEX REPLACE "^tests/(.*)\\.c$" "\\1" name ${source})
        string(REGEX REPLACE "(^|/)${pattern}_" "/" name ${name})
        string(REGEX REPLACE "/+" "_" name ${name})
        test_program(${name} ${source})
        add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
    endforeach()
endfunction()

option(SOTTO_FUZZ "build the fuzz targets with libFuzzer" OFF)
option(SOTTO_TESTS "build the tests" ON)
option(SOTTO_BENCH "build the benchmarks" OFF)

if(SOTTO_TESTS)
    tests_of(unit test)
    tests_of(vectors test)
    target_sources(vectors_mls PRIVATE tests/vectors/mls/run_codec.c tests/vectors/mls/run_keys.c tests/vectors/mls/run_tree.c tests/vectors/mls/run_group.c)
    tests_of(sim test)
    tests_of(hostile test)
    tests_of(guarantees test)
endif()

if(CMAKE_C_FLAGS MATCHES SOTTO_CT) # the ct preset: valgrind reports what branches on a poisoned secret
    file(GLOB ct_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/ct/ct_*.c)
    foreach(source ${ct_sources})
        get_filename_component(name ${source} NAME_WE)
        test_program(${name} ${source})
        add_test(NAME ${name} COMMAND bash tests/ct/run.sh $<TARGET_FILE:${name}> WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${name} PROPERTIES LABELS ct TIMEOUT 300)
    endforeach()
endif()

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" corpus ${name})
    if(SOTTO_FUZZ)
        test_program(${name} ${source})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    elseif(SOTTO_TESTS)
        test_program(${name} ${source})
        target_sources(${name} PRIVATE tests/fuzz/driver.c)
        add_test(NAME ${name} COMMAND ${name} tests/fuzz/corpus/${corpus} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 300)
    endif()
endforeach()

if(NOT SOTTO_FUZZ)
    test_program(interop_mls tests/interop/mls/driver.c)
    test_program(tui_demo tests/tui/demo.c)
endif()

if(NOT SOTTO_FUZZ)
    add_executable(netlab tests/netlab/netlab.c tests/netlab/spaces.c)
    target_link_libraries(netlab PRIVATE room_sim_scenario)
    add_executable(netlab_echo tests/netlab/echo.c)
    target_link_libraries(netlab_echo PRIVATE house m)
endif()

if(SOTTO_BENCH)
    file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/bench_*.c)
    foreach(source ${bench_sources})
        get_filename_component(name ${source} NAME_WE)
        test_program(${name} ${source})
        target_link_libraries(${name} PRIVATE $<$<STREQUAL:${name},bench_store_sqlite>:sqlite3> $<$<STREQUAL:${name},bench_idle_client>:ssl>)
    endforeach()
endif()

file(GLOB lints CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/lint/*.sh)
foreach(lint ${lints})
    get_filename_component(name ${lint} NAME_WE)
    add_test(NAME lint_${name} COMMAND bash ${lint} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(lint_${name} PROPERTIES LABELS lint)
endforeach()
